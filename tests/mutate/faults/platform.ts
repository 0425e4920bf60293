import type { Fault } from "../fault.ts";
import { inFile } from "./in_file.ts";

const PLATFORM = "tests/platform";
const SUBMIT = ["tests/platform/submit_test.ts", PLATFORM];
const HTTP = ["tests/platform/http_test.ts", PLATFORM];

/** Faults of the client: a request sent twice, a key sent elsewhere, a lost response taken for a rejection. */
export const PLATFORM_FAULTS: readonly Fault[] = [
  ...inFile("lib/platform/create_client.ts", ["tests/platform/api_version_test.ts", PLATFORM], [
    ["a legacy API version is kept", 'apiVersion === "current" && isRecent', "isRecent"],
    ["an API version is kept forever", 'apiVersion === "current" && isRecent', 'apiVersion === "current"'],
  ]),
  ...inFile("lib/platform/pager.ts", ["tests/platform/pager_test.ts"], [
    ["pages do not overlap", "const OVERLAP = 5;", "const OVERLAP = 0;"],
    [
      "a page that skips runs is accepted",
      "const isConnected = offset === startOffset ||",
      "const isConnected = true ||",
    ],
    ["a run is returned twice", "runs.filter((run) => !known.has(identityOf(run)))", "runs"],
    ["only the first page is read", "if (isEnd && !isEqual) return;", "return;"],
    ["a server that ignores the offset is read on", "equalPages === MAX_EQUAL_PAGES", "false"],
  ]),
  ...inFile("lib/platform/pager.ts", ["tests/platform/pager_test.ts"], [
    [
      "every page is read for an old run",
      "offset = Math.max(before.at + 1, Math.min(expected, end - runs.length));",
      "return;",
    ],
    [
      "a guess is not corrected by what surrounds it",
      "if (after === undefined) return before.at",
      "return before.at",
    ],
  ]),
  ...inFile("lib/platform/request.ts", SUBMIT, [
    ["a lost response counts as not sent", "if (error instanceof Unreachable) return", "if (true) return"],
    [
      "a submit is sent over a shared connection",
      'path, body, connection: "own", isSubmit',
      'path, body, connection: "shared", isSubmit',
    ],
    [
      "a 409 is a rejection",
      'if (status === 409) return { type: "conflict"',
      'if (status === 999) return { type: "conflict"',
    ],
    ["a 429 may have been processed", "if (status === 429)", "if (status === 999)"],
    ["a 500 is a rejection", 'if (error.kind === "unavailable")', "if (false)"],
    [
      "a gateway's error is like any other",
      "isGateway: status === 502 || status === 504",
      "isGateway: false",
    ],
    [
      "a response that cannot be read is a rejection",
      "if (error instanceof BadResponse || error instanceof ResponseLost) return ambiguous(error, { isGateway: false });",
      'if (error instanceof RunnerError) return { type: "rejected", error, isSlugRefused: false };',
    ],
    [
      "every rejection is one of the slug",
      'isSlugRefused: readErrorBody(text).pointers.includes("#/slug")',
      "isSlugRefused: true",
    ],
    [
      "no rejection is one of the slug",
      'isSlugRefused: readErrorBody(text).pointers.includes("#/slug")',
      "isSlugRefused: false",
    ],
  ]),
  ...inFile("lib/platform/http.ts", HTTP, [
    [
      "the key follows a redirect to another host",
      "target?.origin !== origin || redirects === MAX_REDIRECTS",
      "target === null || redirects === MAX_REDIRECTS",
    ],
    [
      "redirects have no end",
      "target?.origin !== origin || redirects === MAX_REDIRECTS",
      "target?.origin !== origin",
    ],
  ]),
  ...inFile("lib/platform/http.ts", ["tests/platform/submit_test.ts"], [
    ["the runtime may repeat a body", "new Blob([JSON.stringify(body)])", "JSON.stringify(body)"],
  ]),
  ...inFile("lib/platform/http.ts", HTTP, [
    [
      "a POST follows a redirect",
      'if (!isRedirect || method !== "GET") return response;',
      "if (!isRedirect) return response;",
    ],
    [
      "a response that repeats the key shows it",
      'secrets.reduce((rest, secret) => rest.replaceAll(secret, "***"), text)',
      "text",
    ],
    [
      "an abort is a network error",
      "exchange.signal?.throwIfAborted();\n      if (cause instanceof BadResponse) return cause;\n      const message =",
      "if (cause instanceof BadResponse) return cause;\n      const message =",
    ],
    ["a request has no deadline", "[exchange.signal, idle.signal]", "[exchange.signal]"],
    [
      "an own connection is kept alive",
      "createHttpClient?.({ ...trust, poolMaxIdlePerHost: 0 })",
      "createHttpClient?.({ ...trust })",
    ],
  ]),
  ...inFile("lib/platform/http.ts", HTTP, [
    [
      "a response may have any size",
      "parts.push(decoder.add(chunk.subarray(0, room)));\n    if (chunk.length > room) return",
      "parts.push(decoder.add(chunk));\n    if (false) return",
    ],
    ["a compressed response may have any size", 'headers.has("content-encoding") ||', "false ||"],
    ["a chunked response may have any size", '|| headers.has("transfer-encoding")', ""],
  ]),
  ...inFile("lib/platform/request.ts", ["tests/platform/request_test.ts", PLATFORM], [
    ["a request that must not arrive twice is retried", "if (!isRepeatable || retry", "if (retry"],
    ["a poll is retried although its caller does", 'retry === "none" ||', ""],
    [
      "Retry-After is ignored by a retry",
      "startedMs, retryAfterMs: retryAfterOf(error) }",
      "startedMs, retryAfterMs: undefined }",
    ],
    [
      "a name may leave its path",
      'if (typeof name !== "string" || name === "" || name === "." || name === ".." || !name.isWellFormed()) {',
      "if (false) {",
    ],
    ["a name is not encoded", "return encodeURIComponent(name);", "return name;"],
    ["an untrusted certificate is retried", "readNetworkError(result.cause).remedy === undefined", "true"],
  ]),
  ...inFile("lib/platform/request.ts", ["tests/platform/retry_test.ts"], [
    ["a request is attempted without end", "if (state.failures >= policy.maxAttempts) return null;", ""],
    [
      "the budget of retries is ignored",
      "return state.elapsedMs + delayMs > policy.budgetMs ? null : delayMs;",
      "return delayMs;",
    ],
    ["the backoff does not grow", "* 2 ** (state.failures - 1)", ""],
  ]),
  ...inFile("lib/platform/response_error.ts", ["tests/platform/retry_test.ts"], [
    ["Retry-After in seconds counts as milliseconds", "return Number(text) * 1000;", "return Number(text);"],
    ["a date in the past is a negative delay", "Math.max(0, instantMs - nowMs)", "instantMs - nowMs"],
  ]),
  ...inFile("lib/platform/response_error.ts", ["tests/platform/request_test.ts", PLATFORM], [
    [
      "a 500 after a submit reports that nothing was submitted",
      'context.isSubmit === true && status !== 429 ? "unknown" : "no"',
      '"no"',
    ],
    [
      "a lost response after a submit reports that nothing was submitted",
      'submitted: isSubmit === true ? "unknown" : "no"',
      'submitted: "no"',
    ],
    [
      "a redirect of a submit reports that nothing was submitted",
      "if (isSubmit !== true || status === 307 || status === 308) {",
      "if (true) {",
    ],
    ["an expired key has the hint of a wrong one", "return isExpired\n", "return false\n"],
    ["Retry-After is compared with our clock", 'httpDateMs(headers.get("date")) ?? context.nowMs', "context.nowMs"],
  ]),
  ...inFile("lib/platform/credentials/credentials.ts", ["tests/platform/credentials/credentials_test.ts"], [
    ["PW_PLATFORM_HOST receives any key", "if (own === null || own === other) return other;", "return other;"],
    ["--allow-host allows any host", 'parseHost(allowed, "the allowed host") === other', "true"],
    [
      "an unknown context is the first identity",
      "identities.find((candidate) => candidate.name === name)",
      "identities[0]",
    ],
  ]),
  ...inFile("lib/platform/credentials/api_key.ts", ["tests/platform/credentials/api_key_test.ts"], [
    ["a host may have a user name", 'url.username === "" && ', ""],
    ["a host may have a path", 'url.pathname === "/" && ', ""],
    [
      "a key may have line breaks inside",
      "if (!/^[\\x21-\\x7e]+$/.test(key)) return refuse(",
      "if (false) return refuse(",
    ],
    ["an expiry in seconds counts as milliseconds", "claims.exp * 1000", "claims.exp"],
  ]),
  ...inFile("lib/platform/run_schema.ts", ["tests/platform/run_status_test.ts"], [
    ["an unknown status is a failure", "(completedAt === null ? RUNNING : FAILING)", "FAILING"],
    ["a faulted run is final", '["faulted", FAILING]', '["faulted", { status: "failed", isFinal: true }]'],
    ["the capitals of a status matter", "platformStatus.toLowerCase()", "platformStatus"],
  ]),
  ...inFile("lib/platform/logs.ts", ["tests/platform/logs_test.ts"], [
    [
      "the rotated part of a log is lost",
      "if (position.length === 0) return yield* readRotated(log, options);",
      "",
    ],
    [
      "a log that was just rotated is shown twice",
      'const isRotatedSince = rotated !== null && current.start !== "" && rotated.start.startsWith(current.start);',
      "const isRotatedSince = false;",
    ],
    ["a log that was rotated twice since it was read seems complete", "gaps += 1", "gaps += 0"],
    [
      "lines of a log are shown twice",
      "const added = held + piece.slice(known.length);",
      "const added = held + piece;",
    ],
  ]),
  ...inFile("lib/platform/host_check.ts", ["tests/platform/host_check_test.ts"], [
    ["a sign-in page is healthy", '.trim() === HEALTHY ? "ok" : "foreign"', '.trim() === HEALTHY ? "ok" : "ok"'],
    [
      "a clock that is ahead is behind",
      "dateMs + 500 - (sentAtMs + nowMs) / 2",
      "(sentAtMs + nowMs) / 2 - dateMs - 500",
    ],
  ]),
];
