/**
 * JUnit files, held to the rules of their readers, which are restated here: Jenkins' junit-10.xsd (whole file), Surefire's
 * schema 3.0.2 (each testcase), and what Jenkins, GitLab, dorny/test-reporter and mikepenz/action-junit-report read.
 */

import assert from "node:assert/strict";
import { ctrfStatus } from "../../lib/reports/cases.ts";
import { renderJunit } from "../../lib/reports/junit.ts";
import type { ReportCase } from "../../lib/reports/report.ts";
import { convertJUnitToCTRFReport } from "../deps/junit_to_ctrf.ts";
import { SaxesParser } from "../deps/saxes.ts";
import { A_FAILED_ATTEMPT, aCase, anAttempt, aSuiteReport, EVERY_CASE } from "./support/suite_report.ts";

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

/** Throws for what is not well-formed XML 1.0. */
function parseXml(text: string): Element {
  const root: Element = { name: "", attributes: {}, children: [], text: "" };
  const open = [root];
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", ({ name, attributes }) => {
    const element = { name, attributes, children: [], text: "" };
    open.at(-1)?.children.push(element);
    open.push(element);
  });
  parser.on("text", (text) => {
    const last = open.at(-1);
    if (last !== undefined) last.text += text;
  });
  parser.on("closetag", () => void open.pop());
  parser.write(text).close();
  const [first] = root.children;
  assert.ok(first !== undefined);
  return first;
}

const parsed = (cases: readonly ReportCase[]) => parseXml(renderJunit(aSuiteReport(cases)));
const casesOf = (root: Element) =>
  root.children.flatMap(({ children }) => children.filter(({ name }) => name === "testcase"));
const namesOf = ({ children }: Element) => children.map(({ name }) => name);
const EVERY = parsed(EVERY_CASE);
const TIME = /^\d+\.\d{3}$/;

Deno.test("each element that has a line of its own is indented below its parent", () => {
  const xml = renderJunit({
    ...aSuiteReport([aCase()]),
    platformUrl: "https://cloud.example.com",
    environment: "prod",
  });
  const indents = [...xml.matchAll(/^( *)<(testsuites?|properties|property|testcase)\b/gm)].map((
    [, indent = "", name],
  ) => [
    name,
    indent.length,
  ]);
  assert.deepEqual(indents, [
    ["testsuites", 0],
    ["testsuite", 2],
    ["properties", 4],
    ["property", 6],
    ["property", 6],
    ["testcase", 4],
  ]);
});

Deno.test("Jenkins' schema: only its elements, with only its attributes", () => {
  const allowed: Record<string, readonly string[]> = {
    testsuites: ["name", "time", "tests", "failures", "errors", "disabled"],
    testsuite: [
      "name",
      "tests",
      "failures",
      "errors",
      "skipped",
      "time",
      "timestamp",
      "file",
      "hostname",
      "package",
      "id",
    ],
    properties: [],
    property: ["name", "value"],
    testcase: ["name", "classname", "time", "assertions", "status", "group"],
    failure: ["message", "type"],
    error: ["message", "type"],
    skipped: ["message", "type"],
    flakyFailure: ["message", "type"],
    rerunFailure: ["message", "type"],
    stackTrace: [],
    "system-out": [],
  };
  const check = ({ name, attributes, children }: Element): void => {
    for (const attribute of Object.keys(attributes)) {
      assert.ok(allowed[name]?.includes(attribute), `${attribute} of ${name}`);
    }
    if (name === "flakyFailure" || name === "rerunFailure") assert.ok(attributes.type, `${name} needs a type`);
    if (attributes.time !== undefined) assert.match(attributes.time, TIME);
    children.forEach(check);
  };
  check(EVERY);
  assert.equal(EVERY.name, "testsuites");
});

Deno.test("Surefire's schema: the children of a testcase come in its order, and flaky failures have a stack trace", () => {
  const order = ["failure", "rerunFailure", "flakyFailure", "skipped", "error", "system-out"];
  for (const testcase of casesOf(EVERY)) {
    const places = namesOf(testcase).map((name) => order.indexOf(name));
    assert.deepEqual(places, places.toSorted((a, b) => a - b), testcase.attributes.name);
    assert.ok(!places.includes(-1));
    for (const child of testcase.children.filter(({ name }) => /^(flaky|rerun)Failure$/.test(name))) {
      assert.deepEqual(namesOf(child), ["stackTrace", "system-out"]);
    }
    assert.ok(namesOf(testcase).filter((name) => ["skipped", "error", "system-out"].includes(name)).length <= 2);
  }
});

Deno.test("GitLab and dorny: each case is there once, with a name, a classname and a time", () => {
  const keys = casesOf(EVERY).map(({ attributes: { name, classname, time } }) => {
    assert.ok(name?.trim() && classname?.trim() && time);
    return `${classname} ${name}`;
  });
  assert.equal(keys.length, EVERY_CASE.length);
  assert.equal(new Set(keys).size, keys.length);
  for (const { attributes } of EVERY.children) assert.ok(attributes.name?.trim());
});

Deno.test("Jenkins: a suite's name is not taken for a package", () => {
  for (const { attributes } of casesOf(EVERY)) assert.ok(!attributes.classname?.includes("."));
});

Deno.test("the counts are those of the elements", () => {
  const count = (name: string) => casesOf(EVERY).filter((one) => namesOf(one).includes(name)).length;
  const sum = (attribute: string) => EVERY.children.reduce((sum, one) => sum + Number(one.attributes[attribute]), 0);
  assert.deepEqual(
    [sum("tests"), sum("failures"), sum("errors"), sum("skipped")],
    [EVERY_CASE.length, count("failure"), count("error"), count("skipped")],
  );
  assert.equal(Number(EVERY.attributes.failures), count("failure"));
});

Deno.test("each verdict has its element", () => {
  const found = casesOf(EVERY).map((one) => [
    one.attributes.name,
    namesOf(one).filter((name) => name !== "system-out").join(" "),
    one.children[0]?.attributes.type ?? one.children[0]?.attributes.message ?? "",
  ]);
  assert.deepEqual(found, [
    ["passed", "", ""],
    ["flaky", "flakyFailure flakyFailure", "infra"],
    ["failed [mesh=fine]", "failure", "failure"],
    ["failed twice", "failure rerunFailure", "failure"],
    ["failed in quarantine", "skipped", "quarantined, failed: slow"],
    ["known failure", "skipped", "known failure: the solver diverges"],
    ["unexpected pass", "failure", "xpass"],
    ["unexpected pass, not strict", "", ""],
    ["skipped", "skipped", "skipped: cluster-a is off"],
    ["not judged", "skipped", "not judged: waited 2h 00m in the queue"],
    ["not run", "skipped", "not run: setup data failed"],
    ["error", "error", "error"],
    ["error after retry", "rerunFailure error", "infra"],
    ["other suite", "", ""],
  ]);
});

Deno.test("the failure is that of the first attempt, and the others are rerun failures", () => {
  const [twice] = casesOf(EVERY).filter(({ attributes }) => attributes.name === "failed twice");
  assert.deepEqual(twice?.children.map(({ attributes: { message } }) => message), [
    'step "solve" of job "main" failed',
    "the resource was lost",
    undefined,
  ]);
});

Deno.test("each failed attempt is there once, and one that passed is no rerun failure", () => {
  const second = { ...A_FAILED_ATTEMPT, reason: "its end was not seen", cause: null };
  const messagesOf = (one: Partial<ReportCase>) =>
    casesOf(parsed([aCase({ isFailure: true, ...one })]))[0]?.children.map(({ name, attributes }) =>
      `${name} ${attributes.message ?? ""}`.trim()
    );
  assert.deepEqual(
    messagesOf({ verdict: "error", reason: "its end was not seen", attempts: [A_FAILED_ATTEMPT, second] }),
    [`rerunFailure ${A_FAILED_ATTEMPT.reason}`, "error its end was not seen", "system-out"],
  );
  assert.deepEqual(messagesOf({ isFlaky: true, reason: "flaky", attempts: [A_FAILED_ATTEMPT, anAttempt()] }), [
    `failure ${A_FAILED_ATTEMPT.reason}`,
    "system-out",
  ]);
});

Deno.test("a failure shows what was expected, and the facts of the run come first in the output", () => {
  const [failed] = casesOf(EVERY).filter(({ attributes }) => attributes.name === "failed [mesh=fine]");
  const [failure, output] = failed?.children ?? [];
  assert.match(
    failure?.text ?? "",
    /^1 of 2 expectations not met\noutputs\.main\.n: expected at least 3, got 2\nRun: solver-abc\n/,
  );
  assert.match(
    output?.text ?? "",
    /^Run: solver-abc\nRan on: cluster-a\nQueue time: 4s\nRun time: 1m 05s\nRepeat: pw-workflow-runner test /,
  );
});

for (
  const [what, text, want] of [
    ["markup", `<a href="x">&amp;</a> ]]> 'q'`, `<a href="x">&amp;</a> ]]> 'q'`],
    ["control characters", "a\u0000b\u0008c\u001fd\u0085", "a\ufffdb\ufffdc\ufffdd\u0085"],
    ["halves of characters", "a\ud800b", "a\ufffdb"],
    ["noncharacters", "a\ufffe\uffffb", "a\ufffd\ufffdb"],
    ["colors", "\u001b[31mred\u001b[0m", "red"],
    ["line breaks", "a\r\nb\rc\nd", "a\nb\nc\nd"],
  ] as const
) {
  Deno.test(`${what} in a text are well-formed`, () => {
    const attempts = [anAttempt({ ...A_FAILED_ATTEMPT, logTail: [text], reason: text }), anAttempt({ resources: [] })];
    const [one] = casesOf(parsed([aCase({ name: text, isFlaky: true, attempts })]));
    assert.equal(one?.attributes.name, want);
    assert.equal(one?.children[0]?.attributes.message, want);
    assert.ok(one?.children[0]?.children[1]?.text.endsWith(want));
  });
}

Deno.test("long logs are cut: 2,000 failed cases stay below what GitLab and GitHub accept", () => {
  const logTail = Array.from({ length: 2_000 }, (_, line) => `${line} <${"x".repeat(100)}>`);
  const attempts = [{ ...A_FAILED_ATTEMPT, logTail }];
  const cases = Array.from(
    { length: 2_000 },
    (_, index) => aCase({ name: `case ${index}`, verdict: "failed", attempts }),
  );
  const text = renderJunit(aSuiteReport(cases));
  assert.ok(text.length < 20_000_000, `${text.length}`);
  const [one] = casesOf(parseXml(text));
  assert.match(one?.children[1]?.text ?? "", /more characters\)$/);
});

Deno.test("a passed case has at most what Jenkins keeps of it", () => {
  const attempts = [anAttempt({ logTail: ["x".repeat(5_000)] })];
  const [one] = casesOf(parsed([aCase({ attempts })]));
  assert.ok((one?.children[0]?.text.length ?? 0) <= 1_000);
});

for (const seconds of [0, 1e-7, 0.0005, 1234567.891, NaN, -1]) {
  Deno.test(`${seconds} seconds are a plain decimal`, () => {
    const [one] = casesOf(parsed([aCase({ attempts: [anAttempt({ runSeconds: seconds })] })]));
    assert.match(one?.attributes.time ?? "", TIME);
  });
}

Deno.test("junit-to-ctrf reads counts, flaky cases and retries", async () => {
  const path = await Deno.makeTempFile({ suffix: ".xml" });
  try {
    await Deno.writeTextFile(path, renderJunit(aSuiteReport(EVERY_CASE)));
    const report = await convertJUnitToCTRFReport(path, { log: false });
    assert.ok(report !== null);
    const { summary, tests } = report.results;
    assert.deepEqual([summary.tests, summary.passed, summary.failed, summary.skipped], [14, 4, 5, 5]);
    const ofName = (name: string) => tests.find((test) => test.name.endsWith(name));
    assert.equal(ofName("flaky")?.flaky, true);
    assert.equal(ofName("flaky")?.retries, 2);
    assert.equal(ofName("failed twice")?.status, "failed");
    assert.equal(ofName("failed twice")?.retries, 1);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("what fails the suite is a failure, and what is in quarantine is not", () => {
  const outcomes = [
    aCase({ name: "a", verdict: "not-judged", isFailure: true, reason: "waited 1h in the queue" }),
    aCase({ name: "b", verdict: "skipped", isFailure: true, reason: "cluster-a is off", attempts: [] }),
    aCase({ name: "c", verdict: "error", isFailure: true, reason: "cluster-a is off", attempts: [] }),
    aCase({ name: "d", verdict: "error", isQuarantined: true, reason: "refused", attempts: [] }),
    aCase({ name: "e", verdict: "error", reason: "refused", attempts: [] }),
  ].map((one) => [one.name, namesOf(casesOf(parsed([one]))[0] ?? assert.fail())[0], ctrfStatus(one)]);
  assert.deepEqual(outcomes, [
    ["a", "failure", "failed"],
    ["b", "failure", "failed"],
    ["c", "error", "failed"],
    ["d", "skipped", "other"],
    ["e", "error", "failed"],
  ]);
});
