/** Invalid command lines, files and API keys. */

import {
  type Arbitrary,
  array,
  constant,
  constantFrom,
  integer,
  jsonValue,
  oneof,
  record,
  string,
  tuple,
} from "../deps/fast_check.ts";

/** All Unicode planes, including control characters and lone surrogates. */
const anyText: Arbitrary<string> = oneof(
  string({ maxLength: 12 }),
  string({ unit: "binary", maxLength: 8 }),
  array(integer({ min: 0, max: 0xffff }), { maxLength: 6 }).map((units) => String.fromCharCode(...units)),
);

const NASTY = [
  "",
  "-",
  "--",
  "=",
  "{",
  "[1,2",
  "{}",
  '{"a":',
  '{"__proto__":{"x":1}}',
  "__proto__.x=1",
  "constructor.prototype.x=1",
  "a.b.c:=[",
  "a[99999999999]=1",
  "a[-1]=1",
  "x=@/no/such/file",
  "x=@-",
  "\u0000",
  "\ud800",
  "\u001b[31m",
  "hello-world#0",
  "hello-world#99999999999999999999",
  "#47",
  "last",
  "../../etc",
  "%2e%2e",
  "a/b",
  "1e999",
  "-0",
  "NaN",
  "9007199254740993",
  "PT5M",
  "-5s",
  "99999999d",
];

const OPTIONS = [
  "--json",
  "--events",
  "--help",
  "--no-color",
  "--log-level",
  "--context",
  "--allow-host",
  "--timeout",
  "--poll-interval",
  "--max-poll-interval",
  "--unreachable-timeout",
  "--submit-timeout",
  "--idempotency-key",
  "--idempotency-policy",
  "--on-interrupt",
  "--on-timeout",
  "--no-history",
  "--no-wait",
  "--dry-run",
  "--strict",
  "--no-check",
  "--preset",
  "--name",
  "--trust",
  "--limit",
  "--status",
  "--since",
  "--keep",
  "--all",
  "--submit-pending",
  "--workflow",
  "--tail",
  "--job",
  "--step",
  "-i",
  "-ix=1",
  "-o",
  "--json=maybe",
  "--timeout=soon",
  "--exit-status",
];

/** The commands that end by themselves with any arguments. */
const COMMANDS = [
  "list",
  "show",
  "inputs",
  "run",
  "status",
  "watch",
  "runs",
  "errors",
  "cancel",
  "resume",
  "history",
  "rerun",
];
const NAMES = ["quick", "hello-world", "every-type", "never-ending", "failing-step", "hello-world-00046"];

/** A command line whose waits always end. */
export const badCommandLine: Arbitrary<string[]> = tuple(
  oneof({ weight: 9, arbitrary: constantFrom(...COMMANDS) }, { weight: 1, arbitrary: anyText }),
  array(
    oneof(
      { weight: 3, arbitrary: constantFrom(...OPTIONS) },
      { weight: 2, arbitrary: constantFrom(...NAMES) },
      { weight: 2, arbitrary: constantFrom(...NASTY) },
      { weight: 1, arbitrary: constantFrom("new", "schema", "explain", "show", "prune", "10", "1s", "inputs.json") },
      { weight: 2, arbitrary: anyText },
      { weight: 1, arbitrary: jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value)) },
    ),
    { maxLength: 7 },
  ),
).map(([command, args]) => [command, ...args]);

/** The content of an inputs file. */
export const badFile: Arbitrary<string> = oneof(
  constantFrom(
    "",
    "null",
    "[]",
    "true",
    "a: [",
    "a: &x\n  b: *x",
    "{\n",
    "\ufeff{}",
    "%YAML 9.9\n---\n",
    "a: !!js/function x",
  ),
  anyText,
  jsonValue({ maxDepth: 4 }).map((value) => JSON.stringify(value)),
  integer({ min: 1, max: 3_000 }).map((depth) => `${"[".repeat(depth)}${"]".repeat(depth)}`),
  integer({ min: 1, max: 2_000 }).map((depth) => '{"a":'.repeat(depth) + "1" + "}".repeat(depth)),
  record({ hello: jsonValue({ maxDepth: 2 }), slurm: jsonValue({ maxDepth: 2 }) }).map((value) =>
    JSON.stringify(value)
  ),
);

/** In place of an API key. */
export const badKey: Arbitrary<string> = oneof(
  anyText,
  constantFrom(" ", "pwt_", "pwt_.", "pwt_a.b", "pwut_", "a.b.c", "..", "eyJhbGciOiJIUzI1NiJ9.e30.x", "Bearer x"),
  anyText.map((text) => `pwt_${text}`),
  tuple(anyText, anyText).map(([host, rest]) => `pwt_${encoded(host)}.${rest}`),
  tuple(anyText, anyText).map(([host, rest]) => `pwut_${encoded(host)}.${rest}`),
  tuple(jsonValue(), constant("sig")).map(([claims, rest]) => `h.${encoded(JSON.stringify(claims))}.${rest}`),
);

/** In place of a credentials file. */
export const badCredentialsFile: Arbitrary<string> = oneof(
  badFile,
  record({ identities: jsonValue({ maxDepth: 3 }), currentIdentity: jsonValue({ maxDepth: 1 }) })
    .map((value) => JSON.stringify(value)),
);

function encoded(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text))).replaceAll("+", "-").replaceAll("/", "_");
}
