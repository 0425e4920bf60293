import assert from "node:assert/strict";
import { Stopped } from "../../../lib/cli/context.ts";
import { runChecks } from "../../../lib/cli/doctor/checks.ts";
import { createOutput } from "../../../lib/cli/output.ts";
import type { DoctorCheck } from "../../../lib/cli/doctor/check.ts";
import { keyFor } from "../../platform/support/servers.ts";
import { aContext } from "../../support/cli_context.ts";
import { virtualClock } from "../../support/virtual_clock.ts";

const HOST_URL = "http://127.0.0.1:9";

/** Runs the checks against a server that never responds; `onRequest` is called after each request. */
async function checkSilentServer(onRequest: () => void, { clock = virtualClock(), signal = neverAborted() } = {}) {
  // No folder for the history, so that no file is being read when the test ends.
  const env = new Map([["PW_API_KEY", keyFor(HOST_URL)]]);
  const context = aContext({
    clock,
    env: (name) => env.get(name),
    fetch: (_, init) => {
      queueMicrotask(onRequest);
      return new Promise((_, reject) => init?.signal?.addEventListener("abort", ({ target }) => reject(target)));
    },
  });
  const output = createOutput(context, { mode: "text", level: "INFO", color: "never" });
  const checks: DoctorCheck[] = [];
  for await (const check of runChecks({ context, output, values: {}, signal })) checks.push(check);
  return new Map(checks.map((check) => [check.name, check]));
}

const neverAborted = () => new AbortController().signal;

Deno.test("a host that never responds fails the connection check after ten seconds", async () => {
  const clock = virtualClock();
  const checks = await checkSilentServer(() => clock.advance(10_000), { clock });
  assert.equal(checks.get("connection")?.status, "failed");
  assert.match(checks.get("connection")?.detail ?? "", /no response within 10s \(/);
  assert.match(checks.get("connection")?.hint ?? "", /NO_PROXY/);
  assert.equal(checks.get("account")?.status, "skipped");
});

Deno.test("stopping the checks throws the signal's reason instead of reporting a failed check", async () => {
  const stopping = new AbortController();
  const stopped = new Stopped("SIGINT");
  await assert.rejects(
    checkSilentServer(() => stopping.abort(stopped), { signal: stopping.signal }),
    (error) => error === stopped,
  );
});

Deno.test("an official CLI that hangs fails the check of the credential, and no other", async () => {
  const clock = virtualClock();
  const identity = { server: "h.example", oauth: { expiresAt: "2020-01-01T00:00:00Z" } };
  const file = JSON.stringify({ currentIdentity: "work", identities: { work: identity } });
  const context = aContext({
    clock,
    env: (name) => name === "HOME" ? "/home/me" : undefined,
    mayRead: () => true,
    readTextFile: (path) =>
      path.endsWith("credentials") ? Promise.resolve(file) : Promise.reject(new Deno.errors.NotFound()),
    runProgram: async ({ timeoutMs }) => {
      setTimeout(() => clock.advance(timeoutMs));
      await clock.sleep(timeoutMs, { signal: undefined });
      return { type: "timed-out" };
    },
  });
  const output = createOutput(context, { mode: "text", level: "INFO", color: "never" });
  const checks = await Array.fromAsync(runChecks({ context, output, values: {}, signal: neverAborted() }));
  const statusOf = Object.fromEntries(checks.map(({ name, status }) => [name, status]));
  assert.deepEqual([statusOf.credential, statusOf.connection, statusOf.account], ["failed", "skipped", "skipped"]);
  assert.match(checks.find(({ name }) => name === "credential")?.detail ?? "", /pw did not renew it within 30s$/);
});

Deno.test("a file system that hangs fails the check that reads it, and no other", async () => {
  const clock = virtualClock();
  const context = aContext({
    clock,
    mayRead: () => true,
    readTextFile: (path) => path === ".env" ? new Promise(() => {}) : Promise.reject(new Deno.errors.NotFound()),
  });
  const output = createOutput(context, { mode: "text", level: "INFO", color: "never" });
  const checks: DoctorCheck[] = [];
  for await (const check of runChecks({ context, output, values: {}, signal: neverAborted() })) {
    checks.push(check);
    // A later task: by then, everything that does not hang has ended.
    if (check.name === "versions") setTimeout(() => clock.advance(45_000));
  }
  const [versions, settings, network, credential, connection] = checks;
  assert.deepEqual([versions?.status, network?.status, connection?.status], ["ok", "ok", "skipped"]);
  assert.deepEqual([settings?.kind, credential?.kind], ["response_lost", "credential_missing"]);
  assert.match(settings?.detail ?? "", /^Cannot check the settings: no response within 45 s$/);
});
