/** The text of `--help`. Pure. */

import { VERSION } from "../version.ts";
import { kebabOptionName, optionTakesValue } from "./argv.ts";
import { type Command, COMMON_OPTIONS } from "./command.ts";
import type { Style } from "./terminal/style.ts";
import { padToWidth, textWidth } from "./terminal/text_width.ts";

export interface CommandGroup {
  readonly title: string;
  readonly commands: readonly { readonly name: string; readonly usage: string; readonly summary: string }[];
}

export function renderOverview(groups: readonly CommandGroup[], style: Style): string {
  const width = Math.max(
    ...groups.flatMap(({ commands }) => commands.map(({ name, usage }) => `${name} ${usage}`.length)),
  );
  const sections = groups.map(({ title, commands }) =>
    [
      style.bold(title),
      ...commands.map(({ name, usage, summary }) => `  ${padToWidth(`${name} ${usage}`, width)}  ${summary}`),
    ].join("\n")
  );
  return [
    `pw-workflow-runner ${VERSION}: run workflows on the Parallel Works ACTIVATE platform`,
    "",
    `${style.bold("Usage")}\n  pw-workflow-runner COMMAND [options]`,
    "",
    sections.join("\n\n"),
    "",
    style.bold("Run references"),
    "  RUN is a slug, WORKFLOW#47 or WORKFLOW:47, or last",
    "",
    "The API key is read from PW_API_KEY, or from the credentials file of the official command-line tool.",
    "Run `pw-workflow-runner COMMAND --help` for details and examples.",
  ].join("\n");
}

export function renderHelp({ name, summary, usage, examples, notes, args }: Command, style: Style): string {
  const ownOptions = Object.entries(args).filter(([key, { type }]) =>
    type !== "positional" && !(key in COMMON_OPTIONS)
  );
  const parts = [
    `${style.bold(`pw-workflow-runner ${name}`)}: ${summary}`,
    `${style.bold("Usage")}\n  pw-workflow-runner ${name} ${usage}`.trimEnd(),
    `${style.bold("Examples")}\n${
      examples.map(({ line, does }) => `  ${style.dim(`# ${does}`)}\n  ${line}`).join("\n\n")
    }`,
    ...(ownOptions.length === 0 ? [] : [`${style.bold("Options")}\n${optionLines(ownOptions)}`]),
    `${style.bold("Common options")}\n${optionLines(Object.entries(COMMON_OPTIONS))}`,
    ...(notes === undefined ? [] : [notes]),
  ];
  return parts.join("\n\n");
}

function optionLines(options: readonly (readonly [string, Command["args"][string]])[]): string {
  const rows = options.map(([key, schema]) => {
    const short = schema.short === undefined ? "    " : `-${schema.short}, `;
    const value = optionTakesValue(schema) ? ` ${schema.metavar ?? "VALUE"}` : "";
    return [`${short}${kebabOptionName(key)}${value}`, schema.description ?? ""] as const;
  });
  const width = Math.max(...rows.map(([left]) => textWidth(left)));
  return rows.map(([left, right]) => `  ${padToWidth(left, width)}  ${right}`).join("\n");
}
