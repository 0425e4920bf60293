/**
 * `doctor --probe`: tests how a server behaves where its API is undocumented, with a few runs of one workflow, and cleans
 * up. Every result comes from observed behavior, never from the text of a message.
 */

import type { ArgValues } from "../../argv.ts";
import { expected, UsageError } from "../../../errors.ts";
import { oneLine } from "../../../escape.ts";
import { storeFailureTo } from "../../../log.ts";
import { createHttp } from "../../../platform/http.ts";
import { prepare } from "../../../runs/prepare.ts";
import { padToWidth } from "../../terminal/text_width.ts";
import type { Invocation } from "../../command.ts";
import { confirm } from "../../confirm.ts";
import { EXIT_CODES } from "../../exit_codes.ts";
import { readInputs, showWarnings } from "../../input_options.ts";
import { writeOutputFile, writing } from "../../output_file.ts";
import { openRunStore } from "../../open.ts";
import { clientFor, logToOutput, openCredential, readCaCertOption } from "../../open_client.ts";
import { CHECKS, type ProbeChecks, type ProbeOptions, type ProbeState, RUNS_PATH, startRun } from "./checks.ts";
import { createRequester, textAt } from "./exchange.ts";
import type { PROBE_OPTIONS } from "./options.ts";
import { type ProbeResult, toServerCapabilities, UNDETERMINED } from "./result.ts";

const DEFAULT_RUN_TIMEOUT_MS = 10 * 60_000;

/** Confirms, probes the server, stores the capabilities for later runs, and prints the result. */
export async function probe(call: Invocation<ArgValues<typeof PROBE_OPTIONS>>, workflow: string): Promise<number> {
  const { context, output, signal, values } = call;
  const { clock, fetch, random } = context;
  const { probeOutput: path } = values;
  if (path !== undefined) await writing(path, () => context.checkNewFile(path));
  const layers = await readInputs(context, values.probeInput);
  const credential = await openCredential(call);
  const cleanup = values.probeDelete === true ? "deletes them afterwards" : "leaves them in your account";
  await confirm(call, {
    isConfirmed: values.yes === true,
    action: `probe ${credential.host}: starting runs`,
    question: `This starts up to three runs of ${workflow} on ${credential.host} and ${cleanup}. Continue?`,
    refused: "nothing was started",
  });
  // Its inputs only: consent is not sent, so that the server decides about it.
  const spec = { workflow, layers, preset: null, displayName: null, isTrusted: true, checking: "lenient" } as const;
  const prepared = await prepare({ client: await clientFor(call, credential) }, spec, { signal });
  await showWarnings(output, prepared.warnings);
  for (const note of prepared.notes) output.log("INFO", note);
  const caCerts = await readCaCertOption(context, values);
  const parts = { credential, caCerts, fetch, clock, random, log: logToOutput(output) };
  const report = (item: string, result: string) =>
    output.log("INFO", `${output.style.dim(padToWidth(item, 28))} ${oneLine(result)}`);
  const { result, remainingRuns } = await probeServer({
    http: createHttp(parts),
    clock,
    random,
    report,
    signal,
    workflow,
    inputs: prepared.request.inputs,
    deletesRuns: values.probeDelete === true,
    runTimeoutMs: values.probeTimeout ?? DEFAULT_RUN_TIMEOUT_MS,
  });
  await using store = openRunStore(call, "required");
  const capabilities = toServerCapabilities(result, clock.now());
  // A failure to store it is only a warning.
  await store.updateCapabilities(credential.host, capabilities).catch(storeFailureTo(output.log));
  if (remainingRuns.length > 0) output.log("INFO", `These runs remain in your account: ${remainingRuns.join(", ")}`);
  const text = `${JSON.stringify(result, null, 2)}\n`;
  const error = path === undefined ? undefined : await writeOutputFile(context, path, text).catch(expected(UsageError));
  if (path === undefined || error !== undefined) output.document(result);
  if (error !== undefined) throw new UsageError(error.message, { hint: "The result is printed above", cause: error });
  if (path !== undefined) output.answer(`${output.answerStyle.green("✓")} Wrote the result to ${path}`);
  return EXIT_CODES.completed;
}

/**
 * Starts at most three runs.
 *
 * @returns Also the slugs of the runs that it started and did not delete.
 * @throws NotFound when there is no such workflow; Rejected when it can't be started; ResponseLost; the signal's reason.
 */
export async function probeServer(options: ProbeOptions) {
  const { clock, http, report, signal } = options;
  const requester = createRequester(http, signal);
  const state: ProbeState = { ...options, requester, found: {}, started: new Set() };
  const runAll = async <S extends ProbeState>(checks: ProbeChecks<S>, state: S) => {
    for (const [name, check] of Object.entries(checks)) {
      const [text, found] = await check(state);
      Object.assign(state.found, found);
      report(name, text);
    }
  };
  try {
    await runAll(CHECKS.read, state);
    if (state.found.routes === "legacy") await runAll(CHECKS.legacy, state);
    else {
      await runAll(CHECKS.dryRun, state);
      const runState = await startRun(state);
      report("run", `started ${runState.run.slug}`);
      await runAll(CHECKS.run, runState);
    }
    const probedOn = new Date(clock.now()).toISOString().slice(0, 10);
    const result: ProbeResult = { ...UNDETERMINED, probedOn, ...state.found, ...requester.observed };
    return { result, remainingRuns: await cleanUp(state) };
  } catch (error) {
    await cleanUp({ ...state, signal: new AbortController().signal });
    throw error;
  }
}

/** Cancels runs that are still running and, if requested, deletes all. Returns the slugs of the remaining runs. */
async function cleanUp({ http, report, started, signal, deletesRuns }: ProbeState): Promise<readonly string[]> {
  const requester = createRequester(http, signal);
  for (const slug of started) {
    const { body } = await requester.get(`${RUNS_PATH}/${slug}`);
    if (textAt(body, "status") === "running") await requester.post(`${RUNS_PATH}/${slug}/cancel`);
    if (deletesRuns) await requester.delete(`${RUNS_PATH}/${slug}`);
    const outcome = `${slug} has finished or is being cancelled, and stays in your list`;
    report("clean-up", deletesRuns ? `deleted ${slug}` : outcome);
  }
  return deletesRuns ? [] : [...started];
}
