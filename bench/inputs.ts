/**
 * How long a large payload takes from text to validated and explained inputs, relative to `JSON.parse` plus
 * `JSON.stringify` of the same text. Ratios vary less between machines than durations.
 */

import { checkInputs } from "../lib/inputs/check.ts";
import { declaredTypes } from "../lib/inputs/form.ts";
import { explainInputs } from "../lib/inputs/explain.ts";
import type { Form } from "../lib/inputs/form.ts";
import { readLayers } from "../lib/inputs/layers.ts";
import { mergeLayers } from "../lib/inputs/merge.ts";
import { readForm } from "../lib/inputs/read_form.ts";
import type { JsonObject } from "../lib/json.ts";

const LEAVES = 50_000;
const ROUNDS = 25;
const GOAL = 8;

/** Prints the durations and their ratio; returns 1 when the goal is missed, else 0. */
export async function benchInputs(print: (line: string) => void): Promise<number> {
  const form = readForm({ on: { execute: { inputs: FORM } } });
  if (form === null) throw new Error("the form cannot be read");
  const text = JSON.stringify(payload(), null, 1);
  const steps: Step[] = [];
  for (let round = 0; round < ROUNDS; round++) steps.push(await timeRound(text, form));
  const medians = {
    plain: median(steps.map(({ plainMs }) => plainMs)),
    read: median(steps.map(({ readMs }) => readMs)),
    merge: median(steps.map(({ mergeMs }) => mergeMs)),
    check: median(steps.map(({ checkMs }) => checkMs)),
    explain: median(steps.map(({ explainMs }) => explainMs)),
  };
  const { plain, ...ours } = medians;
  const all = Object.values(ours).reduce((sum, ms) => sum + ms, 0);
  // Per round, so that other load affects both sides.
  const ratio = median(steps.map(ratioOf));
  const megabytes = (text.length / 1e6).toFixed(1);
  print(`${megabytes} MB with ${LEAVES} leaves, medians of ${ROUNDS} rounds, Deno ${Deno.version.deno}\n`);
  print(row("JSON.parse + JSON.stringify", plain));
  for (const [name, ms] of Object.entries(ours)) print(row(`  ${name}`, ms));
  print(
    `${row("read to explained", all)}  ${ratio.toFixed(2)}×  goal ${GOAL}×, ${ratio <= GOAL ? "reached" : "missed"}`,
  );
  return ratio <= GOAL ? 0 : 1;
}

interface Step {
  readonly plainMs: number;
  readonly readMs: number;
  readonly mergeMs: number;
  readonly checkMs: number;
  readonly explainMs: number;
}

function ratioOf({ plainMs, readMs, mergeMs, checkMs, explainMs }: Step): number {
  return (readMs + mergeMs + checkMs + explainMs) / plainMs;
}

async function timeRound(text: string, form: Form): Promise<Step> {
  const startMs = performance.now();
  JSON.stringify(JSON.parse(text));
  const plainMs = performance.now();
  const layers = await readLayers(["base.json", OVER, "settings.title=changed", "rows[0].c0=changed"], {
    readTextFile: () => Promise.resolve(text),
    readStdin: () => Promise.reject(new Error("not requested")),
    promptSecret: () => Promise.reject(new Error("not requested")),
  });
  const readMs = performance.now();
  const resolved = mergeLayers(layers, declaredTypes(form));
  const mergeMs = performance.now();
  const { problems, warnings } = checkInputs(form, resolved, { isStrict: true, clusters: null });
  const checkMs = performance.now();
  const explained = explainInputs(resolved, form);
  const endMs = performance.now();
  if (problems.length + warnings.length > 0) throw new Error(`the payload has problems: ${JSON.stringify(problems)}`);
  const sent = explained.filter(({ isSent }) => isSent);
  if (sent.length !== LEAVES || sent.at(-1)?.origin === "") throw new Error(`${sent.length} leaves were explained`);
  return {
    plainMs: plainMs - startMs,
    readMs: readMs - plainMs,
    mergeMs: mergeMs - readMs,
    checkMs: checkMs - mergeMs,
    explainMs: endMs - checkMs,
  };
}

const COLUMNS = 10;
const SETTINGS = 10_000;
const OVER = JSON.stringify({ settings: { s1: "over", s2: "over", s3: "over" } });

const CELL: JsonObject = { type: "string", label: "A cell" };
const FORM: JsonObject = {
  settings: {
    type: "group",
    items: { title: CELL, ...Object.fromEntries(names("s", SETTINGS - 1).map((name) => [name, CELL])) },
  },
  rows: {
    type: "list",
    template: {
      ...Object.fromEntries(names("c", COLUMNS - 2).map((name) => [name, CELL])),
      count: { type: "integer", min: 0, max: 1e9 },
      is_on: { type: "boolean", hidden: "${{ inputs.rows.[index].count == 0 }}" },
    },
  },
};

function payload(): JsonObject {
  const cell = (index: number) => `value ${index} ${"lorem ipsum dolor ".repeat(3)}`;
  const settings = Object.fromEntries(["title", ...names("s", SETTINGS - 1)].map((name, index) => [name, cell(index)]));
  const rows = Array.from({ length: (LEAVES - SETTINGS) / COLUMNS }, (_, row): JsonObject => ({
    ...Object.fromEntries(names("c", COLUMNS - 2).map((name, column) => [name, cell(row * COLUMNS + column)])),
    count: row,
    is_on: row % 2 === 0,
  }));
  return { settings, rows };
}

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function row(name: string, ms: number): string {
  return `${name.padEnd(28)}${ms.toFixed(1).padStart(8)} ms`;
}
