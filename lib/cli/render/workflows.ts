import type { Workflow } from "../../workflow.ts";
import type { Layout } from "../terminal/style.ts";
import { renderTable } from "../terminal/table.ts";

/** A table: name, star of a favorite, description. Pure. */
export function renderWorkflows(workflows: readonly Workflow[], { style, columns }: Layout): string {
  const rows = workflows.map(({ name, isFavorite, description, displayName }) => [
    name,
    isFavorite ? "★" : " ",
    description ?? displayName ?? "",
  ]);
  return renderTable(rows, {
    columns,
    paint: (text, { column }) => column === 0 ? style.bold(text) : column === 1 ? style.yellow(text) : text,
  });
}
