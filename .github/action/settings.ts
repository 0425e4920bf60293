export interface Settings {
  readonly workflow: string;
  /** JSON or YAML. Passed on stdin, because command lines are visible to other processes. */
  readonly inputs: string;
  /** The program's arguments, beginning with `run`. */
  readonly args: readonly string[];
  /** Options that `cancel` needs too. */
  readonly hostArgs: readonly string[];
  readonly onCancel: "cancel" | "keep";
  readonly failsOnFailedRun: boolean;
}

/** An invalid input of the action; the message begins with its name. */
export class InvalidSetting extends Error {
  override readonly name = "InvalidSetting";
}

/**
 * Reads the variables `INPUT_…` that action.yml sets; an empty variable counts as not set.
 *
 * @throws InvalidSetting
 */
export function readSettings(env: (name: string) => string | undefined): Settings {
  const valueOf = (input: string) => env(variableOf(input))?.trim() ?? "";
  const workflow = valueOf("workflow");
  if (workflow === "") throw new InvalidSetting("workflow: it is empty");
  const inputs = valueOf("inputs");
  const option = (name: string, input: string) => valueOf(input) === "" ? [] : [`--${name}=${valueOf(input)}`];
  const files = linesOf(valueOf("input-files")).flatMap((file) => ["-i", file]);
  const hostArgs = option("allow-host", "allow-host");
  const args = [
    "run",
    "--events",
    ...files,
    ...(inputs === "" ? [] : ["-i", "-"]),
    ...option("preset", "preset"),
    ...option("name", "name"),
    ...option("idempotency-key", "idempotency-key"),
    // Rerunning a job after its run failed should start a new run.
    ...(valueOf("idempotency-key") === "" ? [] : ["--idempotency-policy=new-if-failed"]),
    ...option("timeout", "timeout"),
    ...option("submit-timeout", "submit-timeout"),
    ...hostArgs,
    ...(isTrue(valueOf, "wait") ? [] : ["--no-wait"]),
    ...linesOf(valueOf("args")),
    // A workflow's name may begin with a hyphen.
    "--",
    workflow,
  ];
  const onCancel = oneOf(valueOf, "on-cancel", ["keep", "cancel"]);
  return { workflow, inputs, args, hostArgs, onCancel, failsOnFailedRun: isTrue(valueOf, "fail-on-failed-run") };
}

/** The step's exit code. With `fail-on-failed-run: false`, a failed or cancelled run does not fail the step. */
export function stepExitCode(exitCode: number, { failsOnFailedRun }: Pick<Settings, "failsOnFailedRun">): number {
  return !failsOnFailedRun && (exitCode === 1 || exitCode === 3) ? 0 : exitCode;
}

function variableOf(input: string): string {
  return `INPUT_${input.toUpperCase().replaceAll("-", "_")}`;
}

function linesOf(text: string): readonly string[] {
  return text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "");
}

function isTrue(valueOf: (input: string) => string, input: string): boolean {
  return oneOf(valueOf, input, ["true", "false"]) === "true";
}

function oneOf<const Value extends string>(
  valueOf: (input: string) => string,
  input: string,
  allowed: readonly Value[],
): Value {
  const found = allowed.find((value) => value === valueOf(input).toLowerCase());
  if (found === undefined) {
    throw new InvalidSetting(`${input}: it must be ${allowed.join(" or ")}, got "${valueOf(input)}"`);
  }
  return found;
}
