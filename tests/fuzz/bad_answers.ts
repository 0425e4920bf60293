/** Answers that a broken server, or a broken way to it, may give. */

import { type Arbitrary, constantFrom, integer, jsonValue, oneof, record, string } from "../deps/fast_check.ts";

/** What is done to a true answer. Numbers choose the place, by remainder. */
export type Spoiling =
  | { readonly type: "value"; readonly at: number; readonly value: unknown }
  | { readonly type: "missing"; readonly at: number }
  | { readonly type: "body"; readonly text: string }
  | { readonly type: "cut"; readonly at: number }
  | { readonly type: "status"; readonly status: number; readonly text: string }
  | { readonly type: "header"; readonly name: string; readonly value: string }
  | { readonly type: "bytes"; readonly bytes: readonly number[] };

const VALUES = [
  null,
  "",
  "x",
  0,
  -1,
  1e308,
  true,
  [],
  {},
  [null],
  { a: 1 },
  "\u0000\u001b]8;;",
  "2026-99-99T99:99:99Z",
];
const HEADERS = [
  ["retry-after", "-5"],
  ["retry-after", "soon"],
  ["retry-after", "99999999999999"],
  ["date", "yesterday"],
  ["content-type", "text/html"],
  ["content-type", "application/problem+json; charset=utf-7"],
] as const;

export const spoiling: Arbitrary<Spoiling> = oneof(
  record({
    type: constantFrom("value" as const),
    at: integer({ min: 0, max: 10_000 }),
    value: oneof(constantFrom<unknown[]>(...VALUES), jsonValue({ maxDepth: 2 })),
  }),
  record({ type: constantFrom("missing" as const), at: integer({ min: 0, max: 10_000 }) }),
  record({
    type: constantFrom("body" as const),
    text: oneof(
      constantFrom("", "null", "[]", "{}", "<html>", "{", '"text"', "0"),
      string(),
      jsonValue().map((value) => JSON.stringify(value)),
    ),
  }),
  record({ type: constantFrom("cut" as const), at: integer({ min: 0, max: 10_000 }) }),
  record({
    type: constantFrom("status" as const),
    status: constantFrom(
      201,
      202,
      206,
      300,
      304,
      400,
      401,
      403,
      404,
      405,
      408,
      409,
      410,
      418,
      422,
      425,
      429,
      451,
      500,
      501,
      502,
      503,
      504,
      507,
      599,
    ),
    text: constantFrom(
      "",
      "{}",
      "null",
      '{"error":true,"message":7}',
      '{"type":"about:blank","errors":[null]}',
      "<h1>no</h1>",
    ),
  }),
  integer({ min: 0, max: HEADERS.length - 1 }).map((index): Spoiling => {
    const [name, value] = HEADERS[index] ?? HEADERS[0];
    return { type: "header", name, value };
  }),
  record({
    type: constantFrom("bytes" as const),
    bytes: constantFrom([0xff, 0xfe], [0xc0, 0x80], [0x22, 0xed, 0xa0, 0x80, 0x22]),
  }),
);

/** The answer as it arrives. */
export async function spoiled(answer: Response, how: Spoiling): Promise<Response> {
  const text = await answer.text();
  const { status, headers } = answer;
  const hasBody = status !== 204;
  switch (how.type) {
    case "value":
      return again(hasBody ? changed(text, how.at, () => how.value) : null, status, headers);
    case "missing":
      return again(hasBody ? changed(text, how.at, () => undefined) : null, status, headers);
    case "body":
      return again(hasBody ? how.text : null, status, headers);
    case "cut":
      return again(hasBody ? text.slice(0, how.at % (text.length + 1)) : null, status, headers);
    case "status":
      return again(how.status === 304 ? null : how.text, how.status, headers);
    case "header": {
      const changedHeaders = new Headers(headers);
      changedHeaders.set(how.name, how.value);
      return again(hasBody ? text : null, status, changedHeaders);
    }
    case "bytes":
      return again(hasBody ? new Uint8Array(how.bytes) : null, status, headers);
  }
}

function again(body: string | Uint8Array<ArrayBuffer> | null, status: number, headers: Headers): Response {
  const kept = new Headers(headers);
  kept.delete("content-length");
  kept.delete("content-encoding");
  return new Response(body, { status, headers: kept });
}

/** One of all the values in a JSON text, replaced. */
function changed(text: string, at: number, make: () => unknown): string {
  let whole: unknown;
  try {
    whole = JSON.parse(text);
  } catch {
    return text;
  }
  let count = 0;
  JSON.stringify(whole, (_, value) => (count++, value));
  let left = at % Math.max(1, count);
  return JSON.stringify(whole, (_, value) => left-- === 0 ? make() : value) ?? "";
}
