/** Responses of a broken server or network. */

import { type Arbitrary, constantFrom, integer, jsonValue, oneof, record, string } from "../deps/fast_check.ts";

/** A change to a valid response. `position` selects the value or byte, modulo their number. */
export type Corruption =
  | { readonly type: "value"; readonly position: number; readonly value: unknown }
  | { readonly type: "missing"; readonly position: number }
  | { readonly type: "body"; readonly text: string }
  | { readonly type: "cut"; readonly position: number }
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

export const corruption: Arbitrary<Corruption> = oneof(
  record({
    type: constantFrom("value" as const),
    position: integer({ min: 0, max: 10_000 }),
    value: oneof(constantFrom<unknown[]>(...VALUES), jsonValue({ maxDepth: 2 })),
  }),
  record({ type: constantFrom("missing" as const), position: integer({ min: 0, max: 10_000 }) }),
  record({
    type: constantFrom("body" as const),
    text: oneof(
      constantFrom("", "null", "[]", "{}", "<html>", "{", '"text"', "0"),
      string(),
      jsonValue().map((value) => JSON.stringify(value)),
    ),
  }),
  record({ type: constantFrom("cut" as const), position: integer({ min: 0, max: 10_000 }) }),
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
  integer({ min: 0, max: HEADERS.length - 1 }).map((index): Corruption => {
    const [name, value] = HEADERS[index] ?? HEADERS[0];
    return { type: "header", name, value };
  }),
  record({
    type: constantFrom("bytes" as const),
    bytes: constantFrom([0xff, 0xfe], [0xc0, 0x80], [0x22, 0xed, 0xa0, 0x80, 0x22]),
  }),
);

/** The response after the change. */
export async function corrupt(response: Response, corruption: Corruption): Promise<Response> {
  const text = await response.text();
  const { status, headers } = response;
  const hasBody = status !== 204;
  switch (corruption.type) {
    case "value":
      return responseOf(hasBody ? changed(text, corruption.position, () => corruption.value) : null, status, headers);
    case "missing":
      return responseOf(hasBody ? changed(text, corruption.position, () => undefined) : null, status, headers);
    case "body":
      return responseOf(hasBody ? corruption.text : null, status, headers);
    case "cut":
      return responseOf(hasBody ? text.slice(0, corruption.position % (text.length + 1)) : null, status, headers);
    case "status":
      return responseOf(corruption.status === 304 ? null : corruption.text, corruption.status, headers);
    case "header": {
      const changedHeaders = new Headers(headers);
      changedHeaders.set(corruption.name, corruption.value);
      return responseOf(hasBody ? text : null, status, changedHeaders);
    }
    case "bytes":
      return responseOf(hasBody ? new Uint8Array(corruption.bytes) : null, status, headers);
  }
}

function responseOf(body: string | Uint8Array<ArrayBuffer> | null, status: number, headers: Headers): Response {
  const copy = new Headers(headers);
  copy.delete("content-length");
  copy.delete("content-encoding");
  return new Response(body, { status, headers: copy });
}

/** Replaces one of all the values in a JSON text. */
function changed(text: string, position: number, make: () => unknown): string {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return text;
  }
  let count = 0;
  JSON.stringify(document, (_, value) => (count++, value));
  let remaining = position % Math.max(1, count);
  return JSON.stringify(document, (_, value) => remaining-- === 0 ? make() : value) ?? "";
}
