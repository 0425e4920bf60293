import { defineCommand, JSON_ARG } from "../command.ts";
import { text } from "../argv.ts";
import { EXIT_CODES } from "../exit_codes.ts";
import { openClient } from "../open.ts";
import type { Workflow } from "../../workflow.ts";

export const list = defineCommand({
  name: "list",
  summary: "what workflows there are",
  usage: "[PATTERN] [options]",
  examples: [
    { line: "pw-workflow-runner list", does: "every workflow of your account, favourites first" },
    { line: "pw-workflow-runner list 'mpi*' --json", does: "those whose name fits, for a program" },
  ],
  notes: "PATTERN is part of a name; with * or ? it has to fit the whole name.",
  args: {
    pattern: { type: "positional", required: false },
    ...JSON_ARG,
    tag: { type: "custom", parse: text, metavar: "TAG", description: "Only those with this tag" },
    favorites: { type: "boolean", description: "Only your favourites" },
  },
  async run({ context, output, signal, values }) {
    const client = await openClient({ context, output, values });
    const all = await client.listWorkflows({ signal, favoritesOnly: values.favorites === true });
    const workflows = all.filter((workflow) => fits(workflow, values)).sort(favoritesFirst);
    if (output.mode === "json") {
      output.document(workflows.map(summaryOf));
      return EXIT_CODES.completed;
    }
    const { renderWorkflows } = await import("../render/workflows.ts");
    if (workflows.length > 0) {
      const columns = context.stdout.isTerminal ? context.stdout.columns() : Infinity;
      output.answer(renderWorkflows(workflows, { style: output.answerStyle, columns }));
    } else {
      output.say("INFO", all.length === 0 ? "Your account has no workflows" : "No workflow fits");
    }
    return EXIT_CODES.completed;
  },
});

function fits(
  { name, displayName, tags }: Workflow,
  { pattern, tag }: { readonly pattern?: string | undefined; readonly tag?: string | undefined },
): boolean {
  if (tag !== undefined && !tags.includes(tag)) return false;
  if (pattern === undefined) return true;
  const wanted = pattern.toLowerCase();
  const names = [name, displayName ?? ""].map((text) => text.toLowerCase());
  if (!/[*?]/.test(wanted)) return names.some((text) => text.includes(wanted));
  const glob = new RegExp(
    `^${wanted.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".")}$`,
  );
  return names.some((text) => glob.test(text));
}

function favoritesFirst(a: Workflow, b: Workflow): number {
  return Number(b.isFavorite) - Number(a.isFavorite) || (a.name < b.name ? -1 : 1);
}

function summaryOf({ name, displayName, description, type, tags, isFavorite, owner }: Workflow) {
  return { name, displayName, description, type, tags, favorite: isFavorite, owner };
}
