import { defineCommand, JSON_OPTION } from "../command.ts";
import { argument, flag, option } from "../argv.ts";
import { matchesPattern } from "../../text.ts";
import { openClient } from "../open_client.ts";

export const command = defineCommand({
  examples: {
    "pw-workflow-runner list": "List all workflows of your account, favorites first",
    "pw-workflow-runner list 'hello*' --json": "List the workflows whose names match, as JSON",
  },
  notes: "PATTERN is part of a name. With * or ? it must match the full name.",
  args: {
    pattern: argument("PATTERN", { required: false }),
    ...JSON_OPTION,
    tag: option("TAG", "Only workflows with this tag"),
    favorites: flag("Only favorites"),
  },
  async run({ context, output, signal, values }) {
    const client = await openClient({ context, output, signal, values });
    const all = await client.listWorkflows({ signal, favoritesOnly: values.favorites === true });
    const { pattern, tag } = values;
    const workflows = all.filter(({ name, displayName, tags }) =>
      (tag === undefined || tags.includes(tag)) &&
      (pattern === undefined || matchesPattern(pattern, [name, displayName ?? ""]))
    ).sort((a, b) => Number(b.isFavorite) - Number(a.isFavorite) || (a.name < b.name ? -1 : 1));
    if (output.mode === "json") {
      return output.document(workflows.map(({ name, displayName, description, type, tags, isFavorite, owner }) => {
        return { name, displayName, description, type, tags, favorite: isFavorite, owner };
      }));
    }
    const { renderWorkflows } = await import("../render/workflows.ts");
    if (workflows.length > 0) output.answer(renderWorkflows(workflows, output.layout()));
    else output.log("INFO", all.length === 0 ? "Your account has no workflows" : "No matching workflows");
  },
});
