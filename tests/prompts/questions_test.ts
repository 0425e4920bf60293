import assert from "node:assert/strict";
import { formatPath, type Json, type JsonObject } from "../../lib/json.ts";
import { readForm } from "../../lib/inputs/read_form.ts";
import { nextQuestion, type PromptAnswers, withAnswer } from "../../lib/prompts/questions.ts";

const FORM = readForm({
  on: {
    execute: {
      inputs: {
        title: { type: "header", text: "Header" },
        mode: { type: "dropdown", options: [{ label: "A", value: "a" }, { label: "B", value: "b" }] },
        only_b: { type: "string", hidden: "${{ inputs.mode != 'b' }}" },
        never: { type: "string", hidden: true },
        left_out: { type: "string", ignore: true },
        fixed: { type: "string", disabled: true, default: "x" },
        more: { type: "group", label: "More", items: { count: { type: "integer", default: 3 } } },
        rows: { type: "list", label: "Rows", template: { name: { type: "string" } } },
      },
    },
  },
});

const ALL = { clusters: [] };

/** Answers every question, and returns the paths in the order of the questions. */
function answerAll(answers: Readonly<Record<string, Json>>, initial: JsonObject = {}, rows = 0) {
  assert.ok(FORM !== null);
  let state: PromptAnswers = { inputs: initial, answered: new Set() };
  const asked: string[] = [];
  while (asked.length < 50) {
    const question = nextQuestion(FORM, state, ALL);
    if (question === undefined) return { asked, inputs: state.inputs };
    const path = formatPath(question.path);
    asked.push(question.type === "row" ? `${path}?` : path);
    if (question.type === "value") state = withAnswer(state, question.path, answers[path]);
    else if (question.rows < rows) {
      state = { ...state, inputs: withAnswer(state, [...question.path, question.rows], {}).inputs };
    } else state = { ...state, answered: new Set([...state.answered, path]) };
  }
  throw new Error(`The questions never end: ${asked.join()}`);
}

Deno.test("nextQuestion() follows the order of the form and skips hidden, ignored and disabled fields", () => {
  assert.deepEqual(answerAll({ mode: "a" }).asked, ["mode", "more.count", "rows?"]);
});

Deno.test("nextQuestion() asks for a field that an earlier answer makes visible", () => {
  assert.deepEqual(answerAll({ mode: "b", only_b: "x" }), {
    asked: ["mode", "only_b", "more.count", "rows?"],
    inputs: { mode: "b", only_b: "x" },
  });
});

Deno.test("nextQuestion() asks for rows one by one until the user declines another", () => {
  const { asked, inputs } = answerAll({ mode: "a", "rows[0].name": "one", "rows[1].name": "two" }, {}, 2);
  assert.deepEqual(asked, ["mode", "more.count", "rows?", "rows[0].name", "rows?", "rows[1].name", "rows?"]);
  assert.deepEqual(inputs.rows, [{ name: "one" }, { name: "two" }]);
});

Deno.test("nextQuestion() returns the current value, whether it is required, and the headings", () => {
  assert.ok(FORM !== null);
  const first = nextQuestion(FORM, { inputs: { mode: "a" }, answered: new Set() }, ALL);
  assert.ok(first?.type === "value" && first.isRequired && first.current === "a");
  const second = nextQuestion(FORM, { inputs: { mode: "a" }, answered: new Set(["mode"]) }, ALL);
  assert.ok(second?.type === "value" && !second.isRequired);
  assert.deepEqual(second.headings, ["More"]);
});

Deno.test("nextQuestion() can be restricted to some paths", () => {
  assert.ok(FORM !== null);
  const question = nextQuestion(FORM, { inputs: {}, answered: new Set() }, { ...ALL, only: [["more", "count"]] });
  assert.equal(question === undefined ? "" : formatPath(question.path), "more.count");
  assert.equal(nextQuestion(FORM, { inputs: {}, answered: new Set() }, { ...ALL, only: [["nowhere"]] }), undefined);
});

Deno.test("withAnswer() of undefined removes the value", () => {
  const state = { inputs: { more: { count: 5 }, mode: "a" }, answered: new Set<string>() };
  assert.deepEqual(withAnswer(state, ["more", "count"], undefined).inputs, { more: {}, mode: "a" });
});

Deno.test("nextQuestion() does not ask for another row where only one field of a row is asked for", () => {
  assert.ok(FORM !== null);
  const only = [["rows", 0, "name"]];
  const state = { inputs: { rows: [{}] }, answered: new Set<string>() };
  assert.equal(nextQuestion(FORM, state, { ...ALL, only })?.type, "value");
  const answered = withAnswer(state, ["rows", 0, "name"], "one");
  assert.equal(nextQuestion(FORM, answered, { ...ALL, only }), undefined);
  assert.equal(nextQuestion(FORM, answered, { ...ALL, only: [["rows"]] })?.type, "row");
});
