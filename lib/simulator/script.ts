/**
 * Interprets the `run:` script of a step. Supported lines:
 * `echo TEXT`, `echo KEY=value >> $OUTPUTS`, `sleep 15` (or `2m`, `1h`, `infinity`), `exit 1`, `yes TEXT | head -n 100`,
 * `for i in $(seq 10); do …; …; done` and `while true; do …; …; done`. Other lines take no time and write nothing.
 */

export type ScriptCommand =
  | { readonly type: "echo"; readonly text: string }
  | { readonly type: "output"; readonly key: string; readonly value: string }
  | { readonly type: "sleep"; readonly durationMs: number }
  | { readonly type: "exit"; readonly code: number }
  | {
    readonly type: "repeat";
    readonly variable: string;
    readonly times: number;
    readonly body: readonly ScriptCommand[];
  };

/** Parses a script. `fill` replaces expressions after splitting into commands, so that values cannot add commands. */
export function parseScript(text: string, fill: (text: string) => string): ScriptCommand[] {
  return text.split("\n").map((line) => line.trim()).flatMap((line) => parseCommand(line, fill));
}

function parseCommand(line: string, fill: (text: string) => string): ScriptCommand[] {
  const loop = /^(?:for (\w+) in \$\(seq (.+?)\)|while true); ?do (.*?);? ?done$/.exec(line);
  if (loop !== null) {
    const [, variable, count, body = ""] = loop;
    const commands = body.split(";").flatMap((part) => parseCommand(part.trim(), fill));
    const times = count === undefined ? Infinity : Number(fill(count)) || 0;
    // An infinite loop without a pause would write endlessly within one instant.
    const pacedBody = times === Infinity && timeOf(commands) === 0
      ? [...commands, { type: "sleep", durationMs: 1_000 } as const]
      : commands;
    return [{ type: "repeat", variable: variable ?? "_", times, body: pacedBody }];
  }
  const [, word = "", rest = ""] = /^(\S+)\s*(.*)$/s.exec(line) ?? [];
  switch (word) {
    case "sleep":
      return [{ type: "sleep", durationMs: parseDurationMs(fill(rest)) }];
    case "exit":
      return [{ type: "exit", code: Number(fill(rest)) || 0 }];
    case "echo": {
      const output = /^(.*?)\s*>>\s*"?\$\{?OUTPUTS\}?"?$/s.exec(rest);
      if (output === null) return [{ type: "echo", text: fill(unquote(rest)) }];
      const [key = "", ...value] = unquote(output[1] ?? "").split("=");
      return [{ type: "output", key, value: fill(value.join("=")) }];
    }
    case "yes": {
      const [, text = "", times = "0"] = /^(.*?)\s*\|\s*head -n (.+)$/s.exec(rest) ?? [];
      const body: ScriptCommand[] = [{ type: "echo", text: fill(unquote(text)) }];
      return [{ type: "repeat", variable: "_", times: Number(fill(times)) || 0, body }];
    }
    default:
      return [];
  }
}

function unquote(text: string): string {
  return /^(["']).*\1$/s.test(text) ? text.slice(1, -1) : text;
}

const MS_OF_UNIT: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, "": 1_000 };

function parseDurationMs(text: string): number {
  if (text === "infinity") return Infinity;
  const [, amount = "0", unit = ""] = /^(\d+(?:\.\d+)?)([smh]?)$/.exec(text) ?? [];
  return Number(amount) * (MS_OF_UNIT[unit] ?? 1_000);
}

/** The script's duration, its exit code, and what it writes to `$OUTPUTS`. */
export function scriptResult(
  commands: readonly ScriptCommand[],
): { readonly durationMs: number; readonly code: number; readonly outputs: Readonly<Record<string, string>> } {
  const exit = commands.findIndex((command) => command.type === "exit");
  const executed = exit < 0 ? commands : commands.slice(0, exit + 1);
  const last = executed.at(-1);
  const outputs = executed.flatMap((command) => command.type === "output" ? [[command.key, command.value]] : []);
  return {
    durationMs: timeOf(executed),
    code: last?.type === "exit" ? last.code : 0,
    outputs: Object.fromEntries(outputs),
  };
}

function timeOf(commands: readonly ScriptCommand[]): number {
  return commands.reduce((total, command) => {
    if (command.type === "sleep") return total + command.durationMs;
    if (command.type !== "repeat") return total;
    const once = timeOf(command.body);
    return total + (once === 0 ? 0 : once * command.times);
  }, 0);
}

/**
 * The lines that the script writes until `untilMs`.
 *
 * @param startMs Start of the script, from which `$(date …)` is computed.
 */
export function* linesOf(
  commands: readonly ScriptCommand[],
  env: Readonly<Record<string, string>>,
  { startMs, untilMs }: { readonly startMs: number; readonly untilMs: number },
): Generator<string> {
  let nowMs = startMs;
  function* execute(
    body: readonly ScriptCommand[],
    variables: Readonly<Record<string, string>>,
  ): Generator<string, boolean> {
    for (const command of body) {
      if (nowMs > untilMs) return false;
      switch (command.type) {
        case "echo":
          yield* expand(command.text, variables, nowMs).split("\n");
          break;
        case "sleep":
          nowMs += command.durationMs;
          break;
        case "repeat":
          for (let iteration = 1; iteration <= command.times; iteration++) {
            const continues = yield* execute(command.body, { ...variables, [command.variable]: String(iteration) });
            if (!continues) return false;
          }
          break;
        case "exit":
          return false;
        case "output":
          break;
        default:
          command satisfies never;
      }
    }
    return true;
  }
  yield* execute(commands, env);
}

function expand(text: string, variables: Readonly<Record<string, string>>, nowMs: number): string {
  return text
    .replace(/\$\(date[^)]*\)/g, () => new Date(nowMs).toISOString())
    .replace(/\$\{?(\w+)\}?/g, (reference, name: string) => variables[name] ?? reference);
}
