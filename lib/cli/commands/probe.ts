import { createHttp } from "../../platform/http.ts";
import { findCredential } from "../../platform/credentials/credentials.ts";
import { contact as tryPlatform } from "../doctor/probe/probe.ts";
import { hostProfileOf } from "../doctor/probe/profile.ts";
import { StorageError, UsageError } from "../../errors.ts";
import { mergeLayers } from "../../inputs/merge.ts";
import { readLayers } from "../../inputs/layers.ts";
import { declaredTypes } from "../../inputs/declared_type.ts";
import { VERSION } from "../../version.ts";
import { someTime, text } from "../argv.ts";
import { type Call, defineCommand, JSON_ARG } from "../command.ts";
import type { Context } from "../context.ts";
import { EXIT_CODES } from "../exit_codes.ts";
import { inputSources } from "../input_sources.ts";
import { caCertsOf, openHistory } from "../open.ts";
import type { Output } from "../output.ts";

const DEFAULT_WORKFLOW = "hello-world";
const DEFAULT_PATIENCE_MS = 10 * 60_000;

export const contact = defineCommand({
  name: "contact",
  summary: "find out what a platform does where its contract is open",
  usage: "[options]",
  examples: [
    { line: "pw-workflow-runner contact --workflow hello-world", does: "ask first, try, and remember for this host" },
    { line: "pw-workflow-runner contact --workflow quick --yes -o profile.json", does: "write what was found" },
  ],
  notes: [
    "Starts up to three runs of the workflow that you name, which has to be a harmless and short one, and cancels what",
    "still goes on in the end; --delete removes them and their files. What was found holds no name of anybody or",
    "anything. `simulate --profile FILE` plays such a platform.",
  ].join("\n"),
  args: {
    workflow: {
      type: "custom",
      parse: text,
      metavar: "NAME",
      description: `What to run (default ${DEFAULT_WORKFLOW})`,
    },
    input: { type: "custom", parse: text, short: "i", multiple: true, metavar: "INPUTS", description: "Its inputs" },
    output: {
      type: "custom",
      parse: text,
      short: "o",
      metavar: "FILE",
      description: "Write what was found into a file",
    },
    patience: {
      type: "custom",
      parse: someTime,
      metavar: "TIME",
      description: "How long its run may take (default 10m)",
    },
    delete: { type: "boolean", description: "Remove the runs that were started, and their files" },
    yes: { type: "boolean", short: "y", description: "Don't ask" },
    ...JSON_ARG,
  },
  async run(call) {
    const { context, output, signal, values } = call;
    const { clock, env, fetch, random, readTextFile } = context;
    const workflow = values.workflow ?? DEFAULT_WORKFLOW;
    const layers = await readLayers(values.input ?? [], inputSources(context));
    const inputs = mergeLayers(layers, declaredTypes(null)).value;
    const credential = await findCredential({ env, readTextFile }, values);
    await agree(call, { workflow, host: credential.host });
    const log = (level: "DEBUG" | "INFO" | "WARNING" | "ERROR", message: string) => output.say(level, message);
    const http = createHttp({
      credential,
      caCerts: await caCertsOf(context, values),
      fetch,
      clock,
      random,
      log,
      userAgent: `pw-workflow-runner/${VERSION} contact`,
    });
    const tell = (what: string, found: string) => output.say("INFO", `${output.style.dim(what.padEnd(28))} ${found}`);
    const patienceMs = values.patience ?? DEFAULT_PATIENCE_MS;
    const options = { signal, workflow, inputs, deletes: values.delete === true, patienceMs };
    const { profile, left } = await tryPlatform({ http, clock, random, tell }, options);
    await remember(call, credential.host, hostProfileOf(profile, clock.now()));
    if (left.length > 0) output.say("INFO", `Still in your list: ${left.join(", ")}`);
    await answer({ context, output }, profile, values.output);
    return EXIT_CODES.completed;
  },
});

async function agree(
  { context, output, values }: Call<{ readonly yes?: boolean | undefined; readonly delete?: boolean | undefined }>,
  { workflow, host }: { readonly workflow: string; readonly host: string },
): Promise<void> {
  if (values.yes === true) return;
  if (!context.stdin.isTerminal || !context.stderr.isTerminal) {
    throw new UsageError(`Cannot try ${host}: nobody can be asked whether runs may be started there`, {
      hint: "Say --yes if they may",
    });
  }
  const after = values.delete === true ? "are deleted" : "stay in your list";
  output.say(
    "WARNING",
    `This starts up to three runs of ${workflow} on ${host}; afterwards they ${after}. Go on? [y/N]`,
  );
  const line = await context.readLine();
  if (!/^y(es)?$/i.test(line?.trim() ?? "")) {
    throw new UsageError(`Cannot try ${host}: it was not wished`, { hint: "Nothing was sent" });
  }
}

/** Worth having, and no reason to fail when it can't be kept. */
async function remember(
  call: Pick<Call<unknown>, "context" | "output">,
  host: string,
  facts: ReturnType<typeof hostProfileOf>,
): Promise<void> {
  await using store = openHistory(call, "needed");
  try {
    await store.updateCapabilities(host, facts);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    call.output.say("WARNING", error.message);
  }
}

async function answer(
  { context, output }: { readonly context: Context; readonly output: Output },
  profile: object,
  path: string | undefined,
): Promise<void> {
  if (path === undefined) return output.document(profile);
  try {
    await context.writeNewFile(path, `${JSON.stringify(profile, null, 2)}\n`);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    output.document(profile);
    throw new UsageError(`Cannot write ${path}: there is such a file`, { hint: "What was found stands above" });
  }
  output.answer(`${output.answerStyle.green("✓")} ${path} tells what was found`);
}
