/**
 * A step's `run:` lines, as far as this world plays them. Each line is one of
 * `echo TEXT`, `echo KEY=value >> $OUTPUTS`, `sleep 15` (or `2m`, `1h`, `infinity`), `exit 1`, `yes TEXT | head -n 100`,
 * `for i in $(seq 10); do …; …; done` and `while true; do …; …; done`. Anything else takes no time and says nothing.
 */

export type Command =
  | { readonly type: "echo"; readonly text: string }
  | { readonly type: "output"; readonly key: string; readonly value: string }
  | { readonly type: "sleep"; readonly durationMs: number }
  | { readonly type: "exit"; readonly code: number }
  | { readonly type: "repeat"; readonly variable: string; readonly times: number; readonly body: readonly Command[] };

/** Reads a script. `fill` puts values in the place of expressions, piece by piece, so that they can't add commands. */
export function parseScript(text: string, fill: (text: string) => string): Command[] {
  return text.split("\n").map((line) => line.trim()).flatMap((line) => parseCommand(line, fill));
}

function parseCommand(line: string, fill: (text: string) => string): Command[] {
  const loop = /^(?:for (\w+) in \$\(seq (.+?)\)|while true); ?do (.*?);? ?done$/.exec(line);
  if (loop !== null) {
    const [, variable, count, body = ""] = loop;
    const commands = body.split(";").flatMap((part) => parseCommand(part.trim(), fill));
    const times = count === undefined ? Infinity : Number(fill(count)) || 0;
    // What says something forever without a pause would have no line to stop at.
    const paced = times === Infinity && timeOf(commands) === 0
      ? [...commands, { type: "sleep", durationMs: 1_000 } as const]
      : commands;
    return [{ type: "repeat", variable: variable ?? "_", times, body: paced }];
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
      const [, said = "", times = "0"] = /^(.*?)\s*\|\s*head -n (.+)$/s.exec(rest) ?? [];
      const body: Command[] = [{ type: "echo", text: fill(unquote(said)) }];
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

/** How the script ends: how long it takes, milliseconds, with what code, and what it wrote to `$OUTPUTS`. */
export function outcomeOf(
  commands: readonly Command[],
): { readonly durationMs: number; readonly code: number; readonly outputs: Readonly<Record<string, string>> } {
  const exit = commands.findIndex((command) => command.type === "exit");
  const played = exit < 0 ? commands : commands.slice(0, exit + 1);
  const last = played.at(-1);
  const outputs = played.flatMap((command) => command.type === "output" ? [[command.key, command.value]] : []);
  return {
    durationMs: timeOf(played),
    code: last?.type === "exit" ? last.code : 0,
    outputs: Object.fromEntries(outputs),
  };
}

function timeOf(commands: readonly Command[]): number {
  return commands.reduce((total, command) => {
    if (command.type === "sleep") return total + command.durationMs;
    if (command.type !== "repeat") return total;
    const once = timeOf(command.body);
    return total + (once === 0 ? 0 : once * command.times);
  }, 0);
}

/**
 * What the script has said until `untilMs`, line by line.
 *
 * @param startMs When it began; `$(date …)` reads the time from there.
 */
export function* linesOf(
  commands: readonly Command[],
  env: Readonly<Record<string, string>>,
  { startMs, untilMs }: { readonly startMs: number; readonly untilMs: number },
): Generator<string> {
  let nowMs = startMs;
  function* play(body: readonly Command[], variables: Readonly<Record<string, string>>): Generator<string, boolean> {
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
          for (let turn = 1; turn <= command.times; turn++) {
            const goesOn = yield* play(command.body, { ...variables, [command.variable]: String(turn) });
            if (!goesOn) return false;
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
  yield* play(commands, env);
}

function expand(text: string, variables: Readonly<Record<string, string>>, nowMs: number): string {
  return text
    .replace(/\$\(date[^)]*\)/g, () => new Date(nowMs).toISOString())
    .replace(/\$\{?(\w+)\}?/g, (whole, name: string) => variables[name] ?? whole);
}
