/** The text of `--help` and `help`. Pure. */

import { VERSION } from "../version.ts";
import { type ArgSchema, argumentsOf, kebabOptionName } from "./argv.ts";
import { type Command, COMMON_OPTIONS, listedArgs } from "./command.ts";
import { COMMAND_GROUPS, type CommandEntry } from "./commands.ts";
import { ENVIRONMENT, EXIT_CODE_MEANINGS } from "./help_topics.ts";
import type { Layout, Style } from "./terminal/style.ts";
import { wrap, wrapCommand } from "./terminal/wrap.ts";

const MAX_COLUMNS = 80;
const MIN_COLUMNS = 40;

export const HELP_TOPICS = [
  { name: "environment", title: "Environment variables", rows: Object.entries(ENVIRONMENT) },
  {
    name: "exit-codes",
    title: "Exit codes",
    rows: Object.entries(EXIT_CODE_MEANINGS).map(([code, [meaning]]) => [code, meaning] as const),
  },
] as const;

export function renderOverview({ style, columns }: Layout): string {
  const layout = layoutFor(style, columns);
  return [
    layout.text(`pw-workflow-runner ${VERSION}: run workflows on the Parallel Works ACTIVATE platform`),
    layout.rows("Usage", [
      ["pw-workflow-runner COMMAND [options]", ""],
      ["pw-workflow-runner", "Interactive mode, at a terminal"],
    ]),
    ...Object.entries(COMMAND_GROUPS).map(([title, commands]) =>
      layout.rows(title, commands.map(({ name, summary }) => [name, summary]))
    ),
    layout.rows("Run references", [["RUN", "A slug, WORKFLOW#47 or WORKFLOW:47, or last"]]),
    ...HELP_TOPICS.map(({ title, rows }) => layout.rows(title, rows)),
    layout.rows("More", [
      ["help COMMAND", "Options and examples of a command"],
      ["help TOPIC", HELP_TOPICS.map(({ name }) => name).join(", ")],
      ["docs/guide.md", "The guide; docs/ of the repository has all documentation"],
    ]),
  ].join("\n\n");
}

export function renderTopic({ title, rows }: (typeof HELP_TOPICS)[number], { style, columns }: Layout): string {
  return layoutFor(style, columns).rows(title, rows);
}

export function renderHelp(
  { name, aliases, summary }: CommandEntry,
  command: Command,
  { style, columns }: Layout,
): string {
  const layout = layoutFor(style, columns);
  const args = listedArgs(command);
  const sections = { ...command.sections, "Common options": COMMON_OPTIONS };
  const sectionOf = (key: string) => Object.entries(sections).find(([, args]) => key in args)?.[0] ?? "Options";
  const options = Map.groupBy(
    Object.entries(args).filter(([, { type }]) => type !== "argument"),
    ([key]) => sectionOf(key),
  );
  const usage = `pw-workflow-runner ${usageOf(name, command)} [options]`;
  const examples = Object.entries(command.examples).map(([line, does]) =>
    [
      ...layout.lines(does, 4).map((text) => `  ${style.dim(`# ${text}`)}`),
      ...wrapCommand(line, layout.columns - 2).map((text) => `  ${text}`),
    ].join("\n")
  );
  const choices = argumentsOf(args).flatMap(([, { parse }]) => Object.entries(parse?.choices ?? {}));
  const actions = [...choices, ...Object.entries(command.forms ?? {})];
  return [
    layout.text(`pw-workflow-runner ${name}: ${summary}`),
    layout.section("Usage", layout.lines(usage, 2).map((text, index) => `${index === 0 ? "  " : "    "}${text}`)),
    aliases.length === 0 ? "" : layout.text(`Alias: ${aliases.join(", ")}`),
    layout.section("Examples", [examples.join("\n\n")]),
    layout.rows("Actions", actions.filter(([, description]) => description !== "")),
    ...["Options", ...Object.keys(sections)].map((title) =>
      layout.rows(title, (options.get(title) ?? []).map(optionRow))
    ),
    ...(command.notes ?? "").split("\n\n").map((text) => text.startsWith(" ") ? text : layout.text(text)),
  ].filter((part) => part !== "").join("\n\n");
}

/** The command with its arguments, such as `inputs new|schema|explain WORKFLOW`. */
export function usageOf(name: string, { args }: Pick<Command, "args">): string {
  const words = argumentsOf(args).map(([, { metavar = "", parse, required }]) => {
    const word = parse?.choices === undefined ? metavar : Object.keys(parse.choices).join("|");
    return required === false ? `[${word}]` : word;
  });
  return [name, ...words].join(" ");
}

function optionRow([key, schema]: readonly [string, ArgSchema]): [string, string] {
  const short = schema.short === undefined ? "    " : `-${schema.short}, `;
  const value = schema.type === "option" ? ` ${schema.metavar ?? "VALUE"}` : "";
  return [`${short}${kebabOptionName(key)}${value}`, schema.description ?? ""];
}

/** Lays out text in the width of the terminal. */
function layoutFor(style: Style, terminalColumns: number) {
  const columns = Math.max(MIN_COLUMNS, Math.min(MAX_COLUMNS, terminalColumns));
  const lines = (text: string, indent: number) => wrap(text, columns - indent);
  const section = (title: string, body: readonly string[]) => [style.bold(title), ...body].join("\n");
  return {
    columns,
    lines,
    section,
    text: (text: string) => lines(text, 0).join("\n"),
    /** A section of two columns; empty without rows. What is too wide for the first one has a line of its own. */
    rows(title: string, rows: readonly (readonly [string, string])[]): string {
      if (rows.length === 0) return "";
      const start = Math.min(Math.max(...rows.map(([left]) => left.length)) + 4, Math.floor(columns * 0.45));
      const body = rows.flatMap(([left, right]) => {
        const wrapped = right === "" ? [] : lines(right, start);
        const isBeside = left.length + 4 <= start;
        const first = `  ${isBeside ? left.padEnd(start - 2) + (wrapped.shift() ?? "") : left}`.trimEnd();
        return [first, ...wrapped.map((text) => " ".repeat(start) + text)];
      });
      return section(title, body);
    },
  };
}
