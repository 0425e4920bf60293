import { type Field, fieldsInside, type FormFields, hasDefault, isAlwaysShown } from "../../inputs/form.ts";
import { joinPath } from "../../json.ts";
import { readForm } from "../../inputs/read_form.ts";
import { maskSecrets, secretsInDefault } from "../../inputs/secrets.ts";
import { SECRET_MASK } from "../../redact.ts";
import { describeConsent } from "../../runs/consent.ts";
import { consentOf } from "../../runs/prepare.ts";
import type { Workflow } from "../../workflow.ts";
import { oneLine } from "../../escape.ts";
import type { Layout } from "../terminal/style.ts";
import { renderTable } from "../terminal/table.ts";
import { programCommand } from "../../shell_command.ts";
import { fitToWidth, textWidth } from "../terminal/text_width.ts";
import { wrap, wrapCommand } from "../terminal/wrap.ts";

/** One workflow with its input form. Pure. */
export function renderWorkflow(workflow: Workflow, options: Layout): string {
  const { style, columns } = options;
  const { name, displayName, description, tags, presets, isFavorite, type, owner } = workflow;
  const consent = describeConsent(consentOf(workflow));
  const facts = [
    ["Type", owner === null ? type : `${type}, owned by ${owner}`],
    ...(tags.length === 0 ? [] : [["Tags", tags.join(", ")]]),
    ...(presets.length === 0 ? [] : [["Presets", presets.map((preset) => preset.name).join(", ")]]),
    ...(consent === "" ? [] : [["Asks for", consent]]),
  ];
  const otherName = displayName === null || displayName === name ? "" : `  ${oneLine(displayName)}`;
  return [
    `${style.bold(oneLine(name))}${isFavorite ? ` ${style.yellow("★")}` : ""}${otherName}`,
    ...(description === null ? [] : [oneLine(description)]),
    "",
    renderTable(facts, { columns }),
    "",
    ...formLines(workflow, options),
  ].join("\n");
}

function formLines({ name, yaml }: Workflow, { style, columns }: Layout): string[] {
  const run = (...commands: readonly string[]) => {
    // The name of the program and a backslash take 20 columns.
    const indent = columns < 20 + INDENT.length ? "" : INDENT;
    const lines = commands.flatMap((command) => wrapCommand(oneLine(command), columns - indent.length));
    return ["", style.bold("Run"), ...lines.map((line) => indent + line)];
  };
  const form = readForm(yaml);
  if (form === null) {
    return [style.bold("Inputs unknown: the server left the workflow file out"), ...run(programCommand("run", [name]))];
  }
  const rows = fieldRows(form.fields, "", "");
  if (rows.length === 0) return [style.bold("No inputs"), ...run(programCommand("run", [name]))];
  const notes = form.notes.map(({ path, message }) => fitToWidth(oneLine(`  ${path} ${message}`), columns));
  return [
    style.bold("Inputs"),
    renderFields(rows, columns - INDENT.length).replace(/^/gm, INDENT),
    ...(notes.length === 0 ? [] : ["", style.bold("Not evaluated here"), ...notes]),
    ...run(programCommand("inputs new", [name], ["-o", FILE]), programCommand("run", [name], ["-i", FILE])),
  ];
}

const FILE = "inputs.yaml";
const INDENT = "  ";

/** What a line is too narrow for gets a line of its own: the label, and then also whether a value is required. */
function renderFields(cells: readonly FieldCells[], columns: number): string {
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((row) => textWidth(row[column] ?? ""))));
  const fits = (count: number) => widths.slice(0, count).reduce((sum, width) => sum + width + 2, -2) <= columns;
  if (fits(4)) return renderTable(cells, { columns });
  const count = [3, 2].find(fits) ?? 1;
  const lines = renderTable(cells.map((row) => row.slice(0, count)), { columns }).split("\n");
  return lines.flatMap((line, index) => {
    const rest = (cells[index] ?? []).slice(count).filter((cell) => cell !== "").join(" · ");
    const below = rest === "" ? [] : wrap(oneLine(rest), columns - INDENT.length);
    return [fitToWidth(line, columns), ...below.map((text) => fitToWidth(`${INDENT}${text}`, columns))];
  }).join("\n");
}

type FieldCells = readonly [path: string, type: string, requirement: string, meaning: string];

/** @param around When the fields are asked for, like " when shown"; empty for always. */
function fieldRows(fields: FormFields, path: string, around: string): FieldCells[] {
  return [...fields].flatMap(([name, field]) => {
    const here = joinPath(path, name);
    if (field.kind === "header") return [];
    const when = isAlwaysShown(field) && typeof field.optional === "boolean" ? around : " when shown";
    if (field.kind === "group") {
      return fieldRows(field.fields, here, field.optional === true ? " when the group is given" : when);
    }
    const row: FieldCells = [here, field.type, requirementOf(name, field, when), meaningOf(field)];
    const inner = field.kind === "list" ? fieldsInside(field) : undefined;
    return inner === undefined ? [row] : [row, ...fieldRows(inner, `${here}[]`, when)];
  });
}

/** The label, and which values are allowed where the type does not state it. */
function meaningOf({ label, prompt, allowed }: Field): string {
  const isNumber = prompt.type === "text" && prompt.format === "number";
  const isLimited = prompt.type === "choice" || (isNumber && !/ number$/.test(allowed));
  return [label, isLimited ? allowed : null].filter((part) => part !== null).join(": ");
}

function requirementOf(name: string, field: Field, when: string): string {
  if (field.default !== undefined) {
    const shown = maskSecrets({ [name]: field.default }, secretsInDefault(name, field))[name] ?? null;
    return `default ${shown === SECRET_MASK ? shown : fitToWidth(JSON.stringify(shown), MAX_DEFAULT)}`;
  }
  if (hasDefault(field)) return "has a default";
  if (field.optional === true || !field.isRequirable) return "optional";
  if (field.kind === "cluster" && field.isAutoselected) return "selected if only one fits";
  return `required${when}`;
}

const MAX_DEFAULT = 24;
