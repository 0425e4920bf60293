import assert from "node:assert/strict";
import { readRows } from "../../lib/batches/read_rows.ts";
import { readForm } from "../../lib/inputs/read_form.ts";
import { linesOf } from "./support/sources.ts";

const TEXT = await Deno.readTextFile(new URL("../../docs/batches.md", import.meta.url));
const BLOCKS = [...TEXT.matchAll(/^```(csv|yaml)\n([^]*?)^```$/gm)].map(([, type = "", text = ""]) => ({ type, text }));
const FORM = readForm({
  on: {
    execute: {
      inputs: {
        solver: { type: "string" },
        mesh: { type: "group", items: { size: { type: "number" }, file: { type: "string" } } },
      },
    },
  },
});

const ROWS = [2, 4, 1, 6];

Deno.test("docs/batches.md has the files that are read below", () => assert.equal(BLOCKS.length, ROWS.length));

for (const [index, { type, text }] of BLOCKS.entries()) {
  Deno.test(`file ${index + 1} of docs/batches.md has ${ROWS[index]} rows`, async () => {
    const { rows, problems } = await readRows(
      { files: [`a.${type}`], workflow: type === "csv" ? "solve" : null, overrides: [], repeat: 1 },
      {
        readTextFile: (path) => Promise.resolve(path === `a.${type}` ? text : "{}"),
        readStdin: () => Promise.reject(new Error("not used")),
        listFiles: (folder, _, kind) =>
          Promise.resolve([kind === "folder" ? `${folder}/one` : `${folder}/inputs.json`]),
        formOf: () => Promise.resolve(FORM),
      },
    );
    assert.deepEqual(linesOf(problems), []);
    assert.equal(rows.length, ROWS[index]);
  });
}
