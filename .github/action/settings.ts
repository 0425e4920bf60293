/** What the action was asked for, and the command line that it comes to. Pure. */

export interface Settings {
  readonly workflow: string;
  /** JSON or YAML; handed over on stdin, so that it stands on no command line. */
  readonly inputs: string;
  /** What `run` is called with, without the program's own name. */
  readonly args: readonly string[];
  /** What every call to the platform needs. */
  readonly hostArgs: readonly string[];
  readonly onCancel: "cancel" | "keep";
  readonly failsOnFailedRun: boolean;
}

/** A word of the action's `with:` that can't be used. */
export class BadSetting extends Error {
  override readonly name = "BadSetting";
}

/**
 * Reads the variables `INPUT_…` that action.yml sets. An empty one was not given.
 *
 * @throws BadSetting that names the input.
 */
export function readSettings(env: (name: string) => string | undefined): Settings {
  const given = (input: string) => env(variableOf(input))?.trim() ?? "";
  const workflow = given("workflow");
  if (workflow === "") throw new BadSetting("workflow: it is not set");
  const inputs = given("inputs");
  const option = (name: string, input: string) => given(input) === "" ? [] : [`--${name}=${given(input)}`];
  const files = linesOf(given("input-files")).flatMap((file) => ["-i", file]);
  const hostArgs = option("allow-host", "allow-host");
  const args = [
    "run",
    "--events",
    ...files,
    ...(inputs === "" ? [] : ["-i", "-"]),
    ...option("preset", "preset"),
    ...option("name", "name"),
    ...option("idempotency-key", "idempotency-key"),
    // Who runs a job again that failed wants another try.
    ...(given("idempotency-key") === "" ? [] : ["--idempotency-policy=new-if-failed"]),
    ...option("timeout", "timeout"),
    ...option("submit-timeout", "submit-timeout"),
    ...hostArgs,
    ...(yesOrNo(given, "wait") ? [] : ["--no-wait"]),
    ...linesOf(given("args")),
    // Behind this nothing is an option, however a workflow is called.
    "--",
    workflow,
  ];
  const onCancel = oneOf(given, "on-cancel", ["keep", "cancel"]);
  return { workflow, inputs, args, hostArgs, onCancel, failsOnFailedRun: yesOrNo(given, "fail-on-failed-run") };
}

/** The exit code of the step. A run that failed, or was cancelled on the platform, may be no failure of the job. */
export function stepExitCode(exitCode: number, { failsOnFailedRun }: Pick<Settings, "failsOnFailedRun">): number {
  return !failsOnFailedRun && (exitCode === 1 || exitCode === 3) ? 0 : exitCode;
}

function variableOf(input: string): string {
  return `INPUT_${input.toUpperCase().replaceAll("-", "_")}`;
}

function linesOf(text: string): readonly string[] {
  return text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "");
}

function yesOrNo(given: (input: string) => string, input: string): boolean {
  return oneOf(given, input, ["true", "false"]) === "true";
}

function oneOf<const Word extends string>(
  given: (input: string) => string,
  input: string,
  words: readonly Word[],
): Word {
  const found = words.find((word) => word === given(input).toLowerCase());
  if (found === undefined) throw new BadSetting(`${input}: it must be ${words.join(" or ")}, got "${given(input)}"`);
  return found;
}
