/** The request that an occurrence of a schedule submits, and what is wrong with it. */

import { InvalidInputs, messageWithHint, NotFound } from "../errors.ts";
import { readDocument } from "../inputs/document.ts";
import { createInputLayer, type InputLayer } from "../inputs/merge.ts";
import type { Problem } from "../problem.ts";
import { prepare } from "../runs/prepare.ts";
import type { RunRequest } from "../submission.ts";
import type { Schedule } from "./schedule.ts";
import type { PrepareParts } from "./service.ts";

/** @throws InvalidInputs and the other errors of `prepare`. */
export async function prepareSchedule(
  { deps, readTextFile }: Pick<PrepareParts, "deps" | "readTextFile">,
  { name, workflow, preset, inputsFile, inputs, displayName, isTrusted }: Schedule,
  signal: AbortSignal,
): Promise<RunRequest> {
  const layers = [
    ...(inputsFile === null ? [] : [await fileLayer(readTextFile, inputsFile)]),
    createInputLayer(`schedule ${name}`, inputs),
  ];
  const spec = { workflow, layers, preset, displayName: displayName ?? name, isTrusted, checking: "lenient" } as const;
  return (await prepare(deps, spec, { signal })).request;
}

/**
 * What would reject the next occurrence of a schedule: a missing workflow, inputs that its form does not accept,
 * mistakes in a suite file.
 *
 * @throws The client's errors, which are unrelated to the schedule.
 */
export async function scheduleProblems(
  parts: PrepareParts,
  schedule: Schedule,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  try {
    if (schedule.suite === null) await prepareSchedule(parts, schedule, signal);
    else await (await import("./advance_suites.ts")).checkSuite(parts, schedule.suite, signal);
    return [];
  } catch (error) {
    if (error instanceof InvalidInputs) return error.problems;
    if (error instanceof NotFound) return [{ origin: "", path: "workflow", message: messageWithHint(error) }];
    throw error;
  }
}

async function fileLayer(readTextFile: PrepareParts["readTextFile"], path: string): Promise<InputLayer> {
  let text: string;
  try {
    text = await readTextFile(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const problem = { origin: path, path: "", message: `can't be read: ${reason}` };
    throw new InvalidInputs(`Cannot read ${path}`, [problem]);
  }
  const document = await readDocument(text, { origin: path });
  if (!("value" in document)) throw new InvalidInputs(`Cannot read ${path}`, document);
  return createInputLayer(path, document.value);
}
