/** The request that an occurrence of a schedule submits, and what is wrong with it. */

import { InvalidInputs, NotFound } from "../errors.ts";
import { documentFormatOf, readDocument } from "../inputs/document.ts";
import { createInputLayer, type InputLayer } from "../inputs/layers.ts";
import type { Problem } from "../problem.ts";
import type { Deps } from "../runs/deps.ts";
import { prepare } from "../runs/prepare.ts";
import type { RunRequest } from "../submission.ts";
import type { Schedule } from "./schedule.ts";
import type { Service } from "./service.ts";

interface PrepareParts extends Pick<Service, "readTextFile"> {
  readonly deps: Pick<Deps, "client">;
}

/** @throws InvalidInputs and the other errors of `prepare`. */
export async function prepareSchedule(
  { deps, readTextFile }: PrepareParts,
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
 * What would reject the next occurrence of a schedule: a missing workflow, inputs that its form does not accept.
 *
 * @throws The client's errors, which are unrelated to the schedule.
 */
export async function scheduleProblems(
  parts: PrepareParts,
  schedule: Schedule,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  try {
    await prepareSchedule(parts, schedule, signal);
    return [];
  } catch (error) {
    if (error instanceof InvalidInputs) return error.problems;
    if (error instanceof NotFound) {
      const message = error.hint === undefined ? error.message : `${error.message}. ${error.hint}`;
      return [{ origin: "", path: "workflow", message }];
    }
    throw error;
  }
}

async function fileLayer(readTextFile: Service["readTextFile"], path: string): Promise<InputLayer> {
  let text: string;
  try {
    text = await readTextFile(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const problem = { origin: path, path: "", message: `can't be read: ${reason}` };
    throw new InvalidInputs(`Cannot read ${path}`, [problem]);
  }
  const document = await readDocument(text, { origin: path, format: documentFormatOf(path, text) });
  if (!("value" in document)) throw new InvalidInputs(`Cannot read ${path}`, document);
  return createInputLayer(path, document.value);
}
