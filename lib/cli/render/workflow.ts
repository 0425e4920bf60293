import { type Field, type FormFields, hasDefault } from "../../inputs/form.ts";
import { joinPath } from "../../inputs/path.ts";
import { readForm } from "../../inputs/read_form.ts";
import { SECRET_MASK } from "../../redact.ts";
import type { Workflow } from "../../workflow.ts";
import { oneLine } from "../../escape.ts";
import type { Style } from "../terminal/style.ts";
import { renderTable } from "../terminal/table.ts";

/** One workflow with its input form. Pure. */
export function renderWorkflow(
  workflow: Workflow,
  { style, columns }: { readonly style: Style; readonly columns: number },
): string {
  const { name, displayName, description, tags, presets, isFavorite, type, owner } = workflow;
  const facts = [
    ["Type", owner === null ? type : `${type}, owned by ${owner}`],
    ...(tags.length === 0 ? [] : [["Tags", tags.join(", ")]]),
    ...(presets.length === 0 ? [] : [["Presets", presets.map((preset) => preset.name).join(", ")]]),
  ];
  const rows = fieldRows(readForm(workflow.yaml)?.fields ?? new Map(), "");
  return [
    `${style.bold(oneLine(name))}${isFavorite ? ` ${style.yellow("★")}` : ""}${
      displayName === null || displayName === name ? "" : `  ${oneLine(displayName)}`
    }`,
    ...(description === null ? [] : [oneLine(description)]),
    "",
    renderTable(facts, { columns }),
    "",
    style.bold(rows.length === 0 ? "No inputs" : "Inputs"),
    ...(rows.length === 0 ? [] : [renderTable(rows, { columns }).replace(/^/gm, "  ")]),
    "",
    `${style.bold("Run")}\n  pw-workflow-runner run ${oneLine(name)}${rows.length === 0 ? "" : " -i inputs.json"}`,
  ].join("\n");
}

function fieldRows(fields: FormFields, path: string): string[][] {
  return [...fields].flatMap(([name, field]) => {
    const here = joinPath(path, name);
    if (field.kind === "header") return [];
    if (field.kind === "group") return fieldRows(field.fields, here);
    const row = [here, field.type, requirementOf(field), field.label ?? ""];
    return field.kind === "list" ? [row, ...fieldRows(field.fields, `${here}[]`)] : [row];
  });
}

function requirementOf(field: Field): string {
  if (field.default !== undefined) {
    return `default ${isSecretDefault(field) ? SECRET_MASK : JSON.stringify(field.default)}`;
  }
  if (hasDefault(field)) return "has a default";
  if (field.optional === true) return "optional";
  const isAlways = [field.optional, field.hidden, field.ignore, field.disabled].every((condition) =>
    condition === false
  );
  return isAlways ? "required" : "required when shown";
}

function isSecretDefault(field: Field): boolean {
  return field.kind === "text" && field.isSecret;
}
