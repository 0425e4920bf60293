import assert from "node:assert/strict";
import type { Clock } from "../../../lib/clock.ts";
import { PipeClosed } from "../../../lib/cli/context.ts";
import { startLiveLine } from "../../../lib/cli/terminal/live_line.ts";
import { rowsOf } from "../../../lib/cli/terminal/wrap.ts";
import { stillClock } from "../../support/still_clock.ts";
import { virtualClock } from "../../support/virtual_clock.ts";
import { bufferedWriter } from "../../support/writer.ts";

const CLEAR = "\r\u001b[K";

Deno.test("the line is drawn immediately and every second, until it is disposed", async () => {
  const [clock, writer] = [virtualClock(), bufferedWriter()];
  const startMs = clock.now();
  const line = startLiveLine(writer, clock, () => `${(clock.now() - startMs) / 1_000}s`);
  assert.deepEqual(writer.pieces, [`${CLEAR}0s`]);
  await clock.sleep(2_500, {});
  assert.deepEqual(writer.pieces, [`${CLEAR}0s`, `${CLEAR}1s`, `${CLEAR}2s`]);
  line[Symbol.dispose]();
  await clock.sleep(5_000, {});
  assert.equal(writer.text(), `${CLEAR}0s${CLEAR}1s${CLEAR}2s${CLEAR}`);
});

Deno.test("the line leaves three columns free and follows changes of the width", () => {
  let columns = 80;
  const widths: number[] = [];
  const writer = { ...bufferedWriter(), columns: () => columns };
  using line = startLiveLine(writer, stillClock(), (width) => {
    widths.push(width);
    return "x";
  });
  columns = 40;
  line.draw();
  assert.deepEqual(widths, [77, 37]);
});

Deno.test("an unchanged line is not written again", () => {
  const writer = bufferedWriter();
  using line = startLiveLine(writer, stillClock(), () => "same");
  line.draw();
  assert.equal(writer.pieces.length, 1);
});

Deno.test("hide() clears the line once, and draw() shows it again", () => {
  const writer = bufferedWriter();
  using line = startLiveLine(writer, stillClock(), () => "here");
  line.hide();
  line.hide();
  line.draw();
  assert.deepEqual(writer.pieces, [`${CLEAR}here`, CLEAR, `${CLEAR}here`]);
});

Deno.test("lines that wrapped, because the terminal became narrower, are cleared as the rows that they take", () => {
  let columns = 80;
  const writer = { ...bufferedWriter(), columns: () => columns };
  let text = `${"a".repeat(70)}\n${"b".repeat(20)}`;
  const line = startLiveLine(writer, stillClock(), () => text, rowsOf);
  columns = 30;
  text = "c".repeat(27);
  line.draw();
  columns = 20;
  line.hide();
  assert.deepEqual(writer.pieces.slice(1), [`\r\u001b[3A\u001b[J${text}`, "\r\u001b[1A\u001b[J"]);
});

Deno.test("after the program was stopped, as by Ctrl-Z, the line is drawn below what the shell wrote", () => {
  let resume = () => {};
  let isListening = true;
  const onContinue = (callback: () => void) => {
    resume = callback;
    return { [Symbol.dispose]: () => void (isListening = false) };
  };
  const writer = { ...bufferedWriter(), onContinue };
  const line = startLiveLine(writer, stillClock(), () => "one\ntwo");
  resume();
  line[Symbol.dispose]();
  assert.deepEqual(writer.pieces, [`${CLEAR}one\ntwo`, `${CLEAR}one\ntwo`, "\r\u001b[1A\u001b[J"]);
  assert.equal(isListening, false);
});

Deno.test("a second that ended while the program was stopped draws nothing over what the shell wrote", async () => {
  const clock = virtualClock();
  let resume = () => {};
  const onContinue = (callback: () => void) => {
    resume = callback;
    return { [Symbol.dispose]: () => {} };
  };
  const writer = { ...bufferedWriter(), onContinue };
  // As in the runtime: the timer ends first.
  const sleep: Clock["sleep"] = async (durationMs, options) => {
    if (durationMs === 0) resume();
    await clock.sleep(durationMs, options);
  };
  let draws = 0;
  using _line = startLiveLine(writer, { ...clock, sleep }, () => `one\n${draws++}`);
  await clock.sleep(1_500, {});
  assert.deepEqual(writer.pieces.slice(0, 2), [`${CLEAR}one\n0`, `${CLEAR}one\n1`]);
});

Deno.test("a disposed line is never drawn again", () => {
  const writer = bufferedWriter();
  const line = startLiveLine(writer, stillClock(), () => "here");
  line[Symbol.dispose]();
  line[Symbol.dispose]();
  line.draw();
  assert.deepEqual(writer.pieces, [`${CLEAR}here`, CLEAR]);
});

Deno.test("drawing stops without an error when the reader has closed the stream", async () => {
  const clock = virtualClock();
  let writes = 0;
  const write = () => {
    writes++;
    if (writes > 1) throw new PipeClosed("The output is closed");
  };
  startLiveLine({ ...bufferedWriter(), write }, clock, () => String(clock.now()));
  await clock.sleep(5_500, {});
  assert.equal(writes, 2);
});

Deno.test("several lines are cleared from the last to the first, and fit the height of the terminal", () => {
  const writer = bufferedWriter({ rows: 12 });
  const heights: number[] = [];
  let text = "a\nb\nc";
  const line = startLiveLine(writer, stillClock(), (_columns, rows) => {
    heights.push(rows);
    return text;
  });
  text = "d";
  line.draw();
  line[Symbol.dispose]();
  assert.deepEqual(writer.pieces, [`${CLEAR}a\nb\nc`, "\r\u001b[2A\u001b[Jd", CLEAR]);
  assert.deepEqual(heights, [12, 12]);
});
