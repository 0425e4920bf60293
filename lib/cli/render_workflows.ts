/** Workflows as text. Pure. */

import type { Json, JsonObject, Workflow } from "../model.ts";
import { oneLine } from "./sanitize.ts";
import type { Style } from "./style.ts";
import { renderTable } from "./table.ts";

interface RenderOptions {
  readonly style: Style;
  readonly columns: number;
}

/** A table: name, mark of a favourite, description. */
export function renderWorkflows(workflows: readonly Workflow[], { style, columns }: RenderOptions): string {
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

/** One workflow: what it is and what it asks for. */
export function renderWorkflow(workflow: Workflow, { style, columns }: RenderOptions): string {
  const { name, displayName, description, tags, presets, isFavorite, type, owner } = workflow;
  const facts = [
    ["Type", owner === null ? type : `${type}, of ${owner}`],
    ...(tags.length === 0 ? [] : [["Tags", tags.join(", ")]]),
    ...(presets.length === 0 ? [] : [["Presets", presets.map((preset) => preset.name).join(", ")]]),
  ];
  const rows = fieldRows(formOf(workflow.yaml), "");
  return [
    `${style.bold(oneLine(name))}${isFavorite ? ` ${style.yellow("★")}` : ""}${
      displayName === null || displayName === name ? "" : `  ${oneLine(displayName)}`
    }`,
    ...(description === null ? [] : [oneLine(description)]),
    "",
    renderTable(facts, { columns }),
    "",
    style.bold(rows.length === 0 ? "It asks for no inputs" : "Inputs"),
    ...(rows.length === 0 ? [] : [renderTable(rows, { columns }).replace(/^/gm, "  ")]),
    "",
    `${style.bold("Run it")}\n  pw-workflow-runner run ${name}${rows.length === 0 ? "" : " -i inputs.json"}`,
  ].join("\n");
}

/** The declared inputs; a reader of YAML 1.1 has turned the bare key `on` into `true`. */
function formOf(yaml: JsonObject | null): JsonObject {
  const on = objectOf(yaml?.["on"] ?? yaml?.["true"]);
  return objectOf(objectOf(on["execute"])["inputs"]);
}

function fieldRows(fields: JsonObject, prefix: string): string[][] {
  return Object.entries(fields).flatMap(([name, value]) => {
    const field = objectOf(value);
    const type = typeof field["type"] === "string" ? field["type"] : "?";
    if (type === "header") return [];
    if (type === "group") return fieldRows(objectOf(field["items"]), `${prefix}${name}.`);
    const label = typeof field["label"] === "string" ? field["label"] : "";
    const fallback = field["default"] === undefined ? "" : `default ${JSON.stringify(field["default"])}`;
    const need = field["optional"] === true ? "optional" : fallback === "" ? "required" : fallback;
    return [[`${prefix}${name}`, type, need, label]];
  });
}

function objectOf(value: Json | undefined): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}
