import { counted } from "../../text.ts";
import { orError, UsageError } from "../../errors.ts";
import { copyStore } from "../../store/copy.ts";
import { openKv, sqlitePathOf, STORE_NAMES } from "../../store/open_kv.ts";
import { inodeOf } from "../../store/store_file.ts";
import { actionOf, argument } from "../argv.ts";
import { defineCommand, JSON_OPTION } from "../command.ts";
import { COMPLETED } from "../exit_codes.ts";

const STORES_HINT = `FROM and TO are stores: ${STORE_NAMES}`;

export const command = defineCommand({
  examples: {
    "pw-workflow-runner store copy ~/.local/state/pw-workflow-runner/history.db postgres://runs@db.example.com/runs":
      "Copy a local history to a team's database",
    "pw-workflow-runner store copy schedules.db deno-kv:runs.kv": "Copy a server's store to Deno KV",
  },
  notes: [
    `A store is named by: ${STORE_NAMES}.`,
    "The target must be empty, or contain a copy that failed, which is replaced. What is too large for it is left out, but no submission that is open. Stop everything that uses the source first: records written during the copy may be missed.",
    "PGPASSWORD keeps the password of a postgres URL out of the command line. With `deno run`, Deno KV needs the option --unstable-kv.",
  ].join("\n"),
  isLocal: true,
  args: {
    action: argument("ACTION", { parse: actionOf({ copy: "copy a store into an empty one" }) }),
    from: argument("FROM", { completes: "file", hint: STORES_HINT }),
    to: argument("TO", { completes: "file", hint: STORES_HINT }),
    ...JSON_OPTION,
  },
  async run({ context: { clock, random }, output, signal, values }) {
    // Nothing is opened before it is used.
    const open = (name: string) => openKv(name, { clock, random, signal, onSetAside: null });
    const { from, to } = values;
    const acts = [() => assertExists(from), () => assertKept(to), () => open(from), () => open(to)];
    const problems = acts.map((act) => orError(UsageError, act)).filter((end) => end instanceof UsageError);
    if (problems.length > 0) throw new UsageError(problems.map(({ message }) => message).join("; "), problems[0]);
    await using source = open(from);
    await using target = open(to);
    const { copied, leftOut } = await copyStore(source, target, () => clock.sleep(0, { signal }));
    for (const name of leftOut) output.log("WARNING", `${name} was left out: it is too large for the target`);
    return output.result({ copied, ...COMPLETED }, () => `Copied ${counted(copied, "submission")}`);
  },
});

function assertExists(name: string): void {
  const path = sqlitePathOf(name);
  if (path === undefined || inodeOf(path) !== null) return;
  throw new UsageError(`Cannot copy ${path}: there is no such store`, { hint: "Check the path of FROM" });
}

/** Not gone with this process. */
function assertKept(name: string): void {
  if (!/^memory:$/i.test(name)) return;
  throw new UsageError("Cannot copy to memory: it is gone when this program ends", {
    hint: "Name another store as TO",
  });
}
