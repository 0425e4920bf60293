import assert from "node:assert/strict";
import plugin from "./project_rules.ts";

const ROOT = new URL("../../", import.meta.url);

function rulesBroken(path: string, source: string): readonly string[] {
  const diagnostics = Deno.lint.runPlugin(plugin, decodeURIComponent(new URL(path, ROOT).pathname), source);
  return diagnostics.map(({ id, message }) => `${id}: ${message}`);
}

for (
  const [source, name] of [
    ["console.log(1)", "console.log"],
    ["globalThis.console.error(1)", "console.error"],
    ["Deno.exit(1)", "Deno.exit"],
    ['Deno["exit"](1)', "Deno.exit"],
    ["export const a = Deno.args", "Deno.args"],
    ['export const a = Deno.env.get("HOME")', "Deno.env"],
    ["export const a = Date.now()", "Date.now"],
    ["export const a = new Date()", "new Date()"],
    ["export const a = Math.random()", "Math.random"],
    ["export const a = crypto.randomUUID()", "crypto.randomUUID"],
    ['await fetch("/")', "fetch"],
    ['await globalThis.fetch("/")', "fetch"],
    ["setTimeout(() => {}, 1)", "setTimeout"],
    ["AbortSignal.timeout(1)", "AbortSignal.timeout"],
  ] as const
) {
  Deno.test(`lint: ${source} is refused below lib/cli/`, () => {
    assert.deepEqual(rulesBroken("lib/runs/poll_interval.ts", source), [
      `project/no-ambient: ${name} is not available below lib/cli/`,
    ]);
  });
}

for (
  const [path, source] of [
    ["lib/cli/output.ts", "console.log(Deno.args, Date.now()); await fetch('/')"],
    ["main.ts", "Deno.exit(1)"],
    ["tests/a_test.ts", "setTimeout(() => {}, 1); export default 1"],
    ["lib/clock.ts", "AbortSignal.timeout(Date.now())"],
    ["lib/platform/http.ts", "await fetch('/')"],
    ["lib/runs/poll_interval.ts", "export const at = (ms: number) => new Date(ms).toISOString()"],
    ["lib/runs/poll_interval.ts", "export const get = (fetch: typeof globalThis.fetch) => fetch('/')"],
    ["lib/runs/poll_interval.ts", "export const get = ({ fetch }: { fetch: typeof globalThis.fetch }) => fetch('/')"],
    ["lib/runs/poll_interval.ts", "export const get = (deps: { fetch: typeof fetch }) => deps.fetch('/')"],
    ["lib/runs/poll_interval.ts", "export const pick = (random = Math.max) => random(1, 2)"],
    ["lib/cli/program.ts", 'await import("./commands/run.ts")'],
  ] as const
) {
  Deno.test(`lint: ${path} may contain ${source}`, () => assert.deepEqual(rulesBroken(path, source), []));
}

for (
  const [path, source, rule] of [
    ["lib/clock.ts", "export const a = Math.random()", "project/no-ambient"],
    ["main.ts", 'const name = "./a.ts"; await import(name)', "project/literal-import"],
    ["lib/cli/program.ts", "await import(`./commands/${Deno.args[0]}.ts`)", "project/literal-import"],
    ["lib/mod.ts", 'export * from "./model.ts"', "project/named-exports"],
    ["lib/cli/program.ts", "export default 1", "project/named-exports"],
    ["lib/cli/program.ts", "let count = 0; count += 1", "project/no-module-state"],
    ["lib/cli/program.ts", "export let count = 0", "project/no-module-state"],
  ] as const
) {
  Deno.test(`lint: ${source} in ${path} breaks ${rule}`, () => {
    assert.deepEqual(rulesBroken(path, source).map((line) => line.split(": ")[0]), [rule]);
  });
}
