import assert from "node:assert/strict";
import { formatPath } from "../../lib/inputs/path.ts";
import { readForm } from "../../lib/inputs/read_form.ts";
import { answer, type Answers, nextQuestion } from "../../lib/prompts/questions.ts";
import type { Json, JsonObject } from "../../lib/json.ts";

const FORM = readForm({
  on: {
    execute: {
      inputs: {
        title: { type: "header", text: "Words" },
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

/** Plays a conversation: each path gets its answer, and what was asked is told in order. */
function play(answers: Readonly<Record<string, Json>>, given: JsonObject = {}, rows = 0) {
  assert.ok(FORM !== null);
  let state: Answers = { inputs: given, asked: new Set() };
  const asked: string[] = [];
  while (asked.length < 50) {
    const question = nextQuestion(FORM, state);
    if (question === undefined) return { asked, inputs: state.inputs };
    const path = formatPath(question.path);
    asked.push(question.type === "row" ? `${path}?` : path);
    if (question.type === "value") state = answer(state, question.path, answers[path]);
    else if (question.rows < rows) {
      state = { ...state, inputs: answer(state, [...question.path, question.rows], {}).inputs };
    } else state = { ...state, asked: new Set([...state.asked, path]) };
  }
  throw new Error(`It asks for ever: ${asked.join()}`);
}

Deno.test("nextQuestion() asks in the order of the form, and not for what is hidden, left out or disabled", () => {
  assert.deepEqual(play({ mode: "a" }).asked, ["mode", "more.count", "rows?"]);
});

Deno.test("nextQuestion() asks for what an answer brings to light", () => {
  assert.deepEqual(play({ mode: "b", only_b: "x" }), {
    asked: ["mode", "only_b", "more.count", "rows?"],
    inputs: { mode: "b", only_b: "x" },
  });
});

Deno.test("nextQuestion() asks for rows one by one, until no more are wanted", () => {
  const { asked, inputs } = play({ mode: "a", "rows[0].name": "one", "rows[1].name": "two" }, {}, 2);
  assert.deepEqual(asked, ["mode", "more.count", "rows?", "rows[0].name", "rows?", "rows[1].name", "rows?"]);
  assert.deepEqual(inputs.rows, [{ name: "one" }, { name: "two" }]);
});

Deno.test("nextQuestion() tells what is given, what is required, and the headings above", () => {
  assert.ok(FORM !== null);
  const first = nextQuestion(FORM, { inputs: { mode: "a" }, asked: new Set() });
  assert.ok(first?.type === "value" && first.isRequired && first.given === "a");
  const second = nextQuestion(FORM, { inputs: { mode: "a" }, asked: new Set(["mode"]) });
  assert.ok(second?.type === "value" && !second.isRequired);
  assert.deepEqual(second.headings, ["More"]);
});

Deno.test("nextQuestion() asks only for what is wanted", () => {
  assert.ok(FORM !== null);
  const question = nextQuestion(FORM, { inputs: {}, asked: new Set() }, [["more", "count"]]);
  assert.equal(question === undefined ? "" : formatPath(question.path), "more.count");
  assert.equal(nextQuestion(FORM, { inputs: {}, asked: new Set() }, [["nowhere"]]), undefined);
});

Deno.test("answer() that is undefined leaves the value to the platform", () => {
  const state = { inputs: { more: { count: 5 }, mode: "a" }, asked: new Set<string>() };
  assert.deepEqual(answer(state, ["more", "count"], undefined).inputs, { more: {}, mode: "a" });
});
