import { counted } from "../../text.ts";
import { copyStore } from "../../store/copy.ts";
import { openKv, STORE_NAMES } from "../../store/open_kv.ts";
import { UsageError } from "../../errors.ts";
import { defineCommand, JSON_OPTION } from "../command.ts";
import { EXIT_CODES } from "../exit_codes.ts";

export const storeCommand = defineCommand({
  name: "store",
  summary: "Copy the run store to another backend",
  usage: "copy FROM TO",
  examples: [
    {
      line:
        "pw-workflow-runner store copy ~/.local/state/pw-workflow-runner/history.db postgres://runs@db.example.com/runs",
      does: "Copy a local history to a team's database",
    },
    {
      line: "pw-workflow-runner store copy schedules.db deno-kv:runs.kv",
      does: "Copy a server's store to Deno KV",
    },
  ],
  notes: [
    `A store is named by: ${STORE_NAMES}.`,
    "The target must be empty. Stop everything that uses the source first: records written during the copy may be missed.",
    "PGPASSWORD keeps the password of a postgres URL out of the command line.",
  ].join("\n"),
  args: {
    words: { type: "positional", multiple: true, required: false },
    ...JSON_OPTION,
  },
  async run({ context: { clock, random }, output, values }) {
    const [action, from, to, ...others] = values.words ?? [];
    if (action !== "copy" || from === undefined || to === undefined || others.length > 0) {
      throw new UsageError("store: expected copy FROM TO", { hint: `FROM and TO are stores: ${STORE_NAMES}` });
    }
    await using source = openKv(from, { clock, random, onSetAside: null, mustExist: true });
    await using target = openKv(to, { clock, random, onSetAside: null });
    const copied = await copyStore(source, target);
    if (output.mode === "json") output.document({ copied, exitCode: 0, kind: "completed", submitted: "no" });
    else output.answer(`Copied ${counted(copied, "submission")}`);
    return EXIT_CODES.completed;
  },
});
