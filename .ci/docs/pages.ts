/** The pages that are made from the program itself, so that they can't grow old. */

import { GROUPS } from "../../lib/cli/commands.ts";
import { EXIT_CODES } from "../../lib/cli/exit_codes.ts";
import { renderHelp } from "../../lib/cli/help.ts";
import { styleFor } from "../../lib/cli/terminal/style.ts";
import { TRANSITIONS } from "../../lib/runs/transition.ts";
import { importGraph, sourceFiles } from "../../tests/support/import_graph.ts";

/** Path below the checkout → what is to stand there. */
export async function pages(root: URL): Promise<Readonly<Record<string, string>>> {
  return {
    "docs/commands.md": await commandsPage(),
    "docs/exit-codes.md": exitCodesPage(),
    "docs/architecture.md": await architecturePage(root),
  };
}

const MADE = "<!-- Made by `deno task docs`: change what it is made from. -->\n\n";

async function commandsPage(): Promise<string> {
  const parts = [`${MADE}# Commands\n\nEach says the same with \`--help\`.\n`];
  for (const { title, commands } of GROUPS) {
    parts.push(`\n## ${title}\n`);
    for (const { name, summary, load } of commands) {
      parts.push(
        `\n### ${name}\n\n${sentence(summary)}\n\n\`\`\`text\n${renderHelp(await load(), styleFor(false))}\n\`\`\`\n`,
      );
    }
  }
  return parts.join("");
}

/** What a code means, and what a script may do about it. */
const MEANINGS: Readonly<Record<number, readonly [meaning: string, next: string]>> = {
  0: ["completed, or the question was answered", "go on"],
  1: ["the run failed, or `doctor` found a fault", "read the failure"],
  2: ["bad usage or inputs, refused by us or by the server; nothing was started", "mend the call"],
  3: ["the run was cancelled on the platform", "ask who did"],
  4: ["the key is missing, malformed or refused; nothing was started", "mend the key"],
  5: ["no such workflow, run or file, or the run was deleted", "mend the name"],
  6: ["it is not known whether a run was started", "`resume`, or look yourself, before trying again"],
  7: ["lost contact, or the key expired, while the run goes on", "`resume` or `watch`"],
  8: ["could not be submitted or asked; nothing was started", "try again later"],
  124: ["our own deadline passed; the run goes on unless told otherwise", "`resume`, `watch` or `cancel`"],
};

function exitCodesPage(): string {
  const codes = [...new Set(Object.values(EXIT_CODES))].sort((a, b) => a - b);
  const rows = codes.map((code) => {
    const [meaning, next] = MEANINGS[code] ?? ["", ""];
    if (meaning === "") throw new Error(`exit code ${code} has no meaning in .ci/docs/pages.ts`);
    const kinds = Object.entries(EXIT_CODES).filter(([, number]) => number === code).map(([kind]) => `\`${kind}\``);
    return `| ${code} | ${meaning} | ${next} | ${kinds.join(", ")} |`;
  });
  return `${MADE}# Exit codes

Of many runs the gravest counts: 70, 128 + n, 6, 7, 4, 124, 8, 5, 2, 1, 3, 0. \`--json\` carries \`exitCode\`, \`kind\` and
\`submitted\` always.

| code | meaning | what a script may do | \`kind\` in JSON |
| ---- | ------- | -------------------- | -------------- |
${rows.join("\n")}
| 70 | a defect of this program | report it | \`defect\` |
| 128 + n | ended by signal n: 129, 130, 143; the run goes on | \`resume\`, \`watch\` | \`stopped\` |
| 141 | nobody reads the output any more | | \`pipe_closed\` |
`;
}

async function architecturePage(root: URL): Promise<string> {
  const files = [
    "main.ts",
    ...await sourceFiles(root, "lib/"),
    ...await sourceFiles(root, "functions/"),
  ];
  const { edges } = await importGraph(root, files);
  const counts = new Map<string, number>();
  for (const { from, to } of edges) {
    const [a, b] = [roomOf(from), roomOf(to)];
    if (a === undefined || b === undefined || a === b || b === "words") continue;
    counts.set(`${a} ${b}`, (counts.get(`${a} ${b}`) ?? 0) + 1);
  }
  const arrows = [...counts].sort().map(([pair, count]) => {
    const [a, b] = pair.split(" ");
    return `  ${a} -->|${count}| ${b}`;
  });
  const lifecycle = Object.entries(TRANSITIONS).flatMap(([state, observations]) =>
    Object.entries(observations).map(([observation, to]) => `  ${state} --> ${to}: ${observation}`)
  );
  return `${MADE}# Architecture

**A run is a record that moves forward.** It is intended, then submitted, then seen, and at last settled. One function,
\`advance\`, does the one next thing for each record that is due, writes down what it learned and says what happened. Who
calls it, and how often, is all the difference between waiting at a terminal, a tick of the cloud, an HTTP request and
\`resume\` after a crash.

## The rooms

Folders, and how many imports lead from one to the other, as the real import graph has them. Arrows point down alone; the
words that all use (\`lib/*.ts\`) are left out.

\`\`\`mermaid
flowchart TD
${arrows.join("\n")}
\`\`\`

## The life of a record

Every state and arrow there is, from the table in \`lib/runs/transition.ts\`.

\`\`\`mermaid
stateDiagram-v2
  [*] --> intended
${lifecycle.join("\n")}
  settled --> [*]
  refused --> [*]
\`\`\`

## The way of a value

\`-i base.json -i hello.message=test\` → \`inputs/layers\` (where each came from) → \`executor/prepare\` (merged, held to the
workflow's form, frozen) → the ledger's intent → \`client.submit\` → a record that moves → events → \`cli/output\` → the exit
code. At no step does a later part reach back to an earlier one.
`;
}

/** The folder that a file is in, as a name for a diagram. */
function roomOf(path: string): string | undefined {
  if (path === "main.ts") return "main";
  const [, folder] = /^lib\/([a-z]+)\//.exec(path) ?? [];
  if (folder !== undefined) return folder === "deps" ? undefined : folder;
  if (path === "lib/mod.ts") return "mod";
  if (path.startsWith("lib/")) return "words";
  return path.startsWith("functions/") ? "functions" : undefined;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
