import assert from "node:assert/strict";
import { isSession } from "../../lib/runs/track_result.ts";
import { aRun, aRunDetail } from "../support/records.ts";

Deno.test("a run is a session if it redirects to one", () => {
  const redirect = { kind: "session", name: "notebook", url: "/me/session" } as const;
  assert.equal(isSession(aRunDetail({ redirect })), true);
  assert.equal(isSession(aRunDetail({ redirect: { ...redirect, kind: "link" } })), false);
  assert.equal(isSession(aRunDetail()), false);
  // A listed run does not show where it redirects to.
  assert.equal(isSession(aRun()), false);
});
