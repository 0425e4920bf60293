/** The format of a suite file: its fields, stated once. The JSON Schema and the checks are made from it. */

import {
  array,
  boolean,
  catchall,
  custom,
  describe,
  exactOptional as optional,
  type infer as Infer,
  int,
  literal,
  maximum,
  minimum,
  minLength,
  number,
  object,
  oneOf,
  record,
  regex,
  strictObject,
  string,
  union,
} from "../deps/zod.ts";
import type { Json } from "../json.ts";
import { MAX_EARLIER_RUNS } from "./history.ts";

/** Its digits allow no more than `parseDuration`: a limit that it refuses would only be found once the runs have ended. */
const DURATION =
  /^(?=\d)(?:\d{1,4}(?:\.\d+)?d)?(?:\d{1,5}(?:\.\d+)?h)?(?:\d{1,7}(?:\.\d+)?m)?(?:\d{1,9}(?:\.\d+)?s)?(?:\d{1,11}ms)?$/;

/** Any value: the file was parsed as JSON or YAML. */
const json = () => custom<Json>();
const text = string().check(minLength(1));
const texts = union([text, array(text)]);
const parts = union([text, array(text).check(minLength(1))]);
const scalar = union([string(), number(), boolean()]);
const NO_DURATION = "must be a duration like 90s, 30m or 1h30m";
const duration = string(NO_DURATION).check(regex(DURATION, NO_DURATION));
const percent = string().check(regex(/^\d+(?:\.\d+)?%$/, "must be a percentage like 5%"));
const date = string().check(regex(/^\d{4}-\d{2}-\d{2}$/, "must be a date like 2030-01-31"));
const variable = string().check(regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be the name of an environment variable"));
const name = string().check(
  regex(/^(?! )[^\p{Cc}[\]]{1,200}(?<! )$/u, "must be 1 to 200 characters on one line, without [ and ]"),
);
const tag = string().check(regex(/^[\p{L}\p{N}][\p{L}\p{N}._/-]*$/u, "must be a word of letters, digits and . _ / -"));

const STATUSES = ["completed", "failed", "cancelled", "timeout"] as const;
const JOB_STATUSES = ["completed", "failed", "cancelled", "skipped"] as const;
const TYPES = ["text", "number", "integer", "boolean", "list", "object", "null"] as const;

const comparisonFields = {
  equals: optional(json().check(describe("The value itself"))),
  not: optional(json().check(describe("Any value other than this one"))),
  min: optional(number()),
  max: optional(number()),
  about: optional(union([number(), array(json())]).check(describe("A number or a list of numbers, with `within`"))),
  within: optional(
    union([number().check(minimum(0)), percent]).check(describe("The tolerance of `about`: absolute, or like 0.1%")),
  ),
  matches: optional(text.check(describe("A regular expression that is found in the text"))),
  contains: optional(parts.check(describe("The text contains each of these"))),
  lacks: optional(parts.check(describe("The text contains none of these"))),
  exists: optional(boolean()),
  type: optional(oneOf(TYPES)),
} as const;

/** A value is short for `equals`. */
const comparison = union([
  strictObject({ ...comparisonFields, secret: optional(boolean().check(describe("Its value is never shown"))) }),
  string(),
  number(),
  boolean(),
  array(json()),
]).check(describe("What the value has to be: the value itself, or comparisons that all hold"));

const durationRange = strictObject({ min: optional(duration), max: optional(duration) });

const log = strictObject({
  job: optional(text),
  step: optional(text),
  contains: comparisonFields.contains,
  lacks: comparisonFields.lacks,
  matches: comparisonFields.matches,
});

const httpCheck = strictObject({
  path: optional(string().check(regex(/^\//, "must begin with /"))),
  status: optional(int().check(minimum(100), maximum(599))),
  contains: optional(text),
});

const check = union([
  text,
  array(text).check(minLength(1)),
  strictObject({
    run: union([text, array(text).check(minLength(1))]),
    env: optional(array(variable).check(describe("Variables that it may read, besides PATH and HOME"))),
    timeout: optional(duration),
  }),
]).check(
  describe("A command of your own: it reads the result as JSON on stdin, and fails with any exit code other than 0"),
);

export const expectFormat = strictObject({
  status: optional(
    union([oneOf(STATUSES), array(oneOf(STATUSES)).check(minLength(1))]).check(describe("Default: completed")),
  ),
  duration: optional(durationRange.check(describe("Run time, without the time in the queue"))),
  queue: optional(durationRange.check(describe("Time in the queue"))),
  jobs: optional(record(text, oneOf(JOB_STATUSES))),
  outputs: optional(record(text, comparison).check(describe("By job.output"))),
  log: optional(union([log, array(log).check(minLength(1))])),
  session: optional(union([literal("ready"), strictObject({ http: httpCheck })])),
  check: optional(check),
});

const WHEN = record(text, union([scalar, array(scalar)])).check(
  describe("Only for these values of the matrix, and of `environment` and `resource`"),
);

const knownFailureFields = {
  reason: text,
  issue: optional(text),
  when: optional(WHEN),
  until: optional(date.check(describe("After this day, it is an error in the file"))),
} as const;

const knownFailure = strictObject({
  ...knownFailureFields,
  expectation: optional(text.check(describe("The path below `expect`, like outputs.main.energy; default: the case"))),
  metric: optional(text),
  strict: optional(boolean().check(describe("An unexpected pass is a failure; default true"))),
});

const quarantined = strictObject({ case: text, ...knownFailureFields });

const inputs = union([
  text.check(describe("A file, relative to the suite file")),
  record(string(), json()),
  array(union([text, record(string(), json())])).check(describe("Later ones override earlier ones, key by key")),
]);

const retries = union([
  int().check(minimum(0), maximum(10)),
  strictObject({
    max: int().check(minimum(0), maximum(10)),
    on: optional(
      array(oneOf(["infra", "any"])).check(
        describe(
          "infra (default): it could not start, its resource was lost, or the platform failed; any: all failures",
        ),
      ),
    ),
  }),
]);

const requires = strictObject({
  resource: optional(texts.check(
    describe("active (default): the clusters of the inputs are on; any: not checked; or names of clusters"),
  )),
  environment: optional(texts),
});

const metric = strictObject({
  from: union([strictObject({ log: text, step: optional(text) }), strictObject({ output: text })]),
  regex: optional(text.check(describe("Its first group is the value"))),
  unit: optional(text),
  better: optional(oneOf(["higher", "lower"])),
});

const tolerance = union([number().check(minimum(0)), percent]);

const reference = record(
  text,
  record(
    text,
    union([
      strictObject({ value: number(), below: optional(tolerance), above: optional(tolerance) }),
      // Of more runs than are kept, it would never be judged.
      strictObject({ "median-of": int().check(minimum(2), maximum(MAX_EARLIER_RUNS)), "worse-by": tolerance }),
    ]),
  ),
).check(describe("By resource (* for all others), then by metric"));

const metrics = record(text, metric);
const references = union([text.check(describe("A file, relative to the suite file")), reference]);

/** What the suite's defaults, an environment, a case and a value of its matrix may set; the last one wins. */
const settings = {
  inputs: optional(inputs),
  timeout: optional(duration.check(describe("Limit on the run, from its first step on; default 1h"))),
  "queue-timeout": optional(duration.check(describe("Limit on the time in the queue; default 4h"))),
} as const;

const shared = {
  ...settings,
  workflow: optional(text),
  preset: optional(text),
  trust: optional(boolean().check(describe("Give the consent that the workflow asks for"))),
  retries: optional(retries),
  requires: optional(requires),
  lock: optional(texts.check(describe("Cases that share a lock do not run at the same time"))),
  cleanup: optional(
    oneOf(["keep", "delete-passed", "delete"]).check(describe("Whether the run is kept at the end; default keep")),
  ),
} as const;

const caseDefaults = {
  ...shared,
  tags: optional(array(tag)),
  setup: optional(texts.check(describe("Names of setup runs that it needs"))),
} as const;

const run = strictObject({ ...shared, name, workflow: text });

const axisValue = union([
  scalar,
  strictObject({ ...settings, value: optional(json()), name: optional(name), expect: optional(expectFormat) }),
]);

const combinations = optional(array(record(text, scalar)));

const matrix = catchall(object({ include: combinations, exclude: combinations }), array(axisValue).check(minLength(1)))
  .check(
    describe("One case per combination. A key is an input; include adds combinations, exclude leaves combinations out"),
  );

const need = union([text, strictObject({ case: text, when: optional(oneOf(["passed", "finished"])) })]);

const suiteCase = strictObject({
  ...caseDefaults,
  name,
  id: optional(name.check(describe("Identifies the case in the history when its name changes"))),
  description: optional(text),
  matrix: optional(matrix),
  needs: optional(union([need, array(need)])),
  expect: optional(expectFormat),
  "known-failures": optional(array(knownFailure)),
  paths: optional(array(text).check(describe("Files it depends on, like src/**, for --changed-since"))),
  metrics: optional(metrics),
  reference: optional(references),
});

export const suiteFormat = strictObject({
  $schema: optional(string()),
  version: literal(1),
  name: optional(name.check(describe("Default: the name of the file"))),
  description: optional(text),
  env: optional(array(variable).check(describe("Environment variables that values may name as ${NAME}"))),
  defaults: optional(strictObject(caseDefaults)),
  environments: optional(record(text, strictObject({ ...caseDefaults, reference: optional(references) }))),
  setup: optional(array(run).check(describe("Runs that several cases need"))),
  cases: array(suiteCase).check(minLength(1)),
  quarantine: optional(
    union([text.check(describe("A file, relative to the suite file")), array(quarantined)]).check(
      describe("Flaky cases: they run, and do not fail the suite"),
    ),
  ),
  metrics: optional(metrics),
  reference: optional(references),
  budget: optional(
    string().check(
      regex(
        /^\d+(?:\.\d+)? run-hours$/,
        "must be like 200 run-hours, the hours of all runs together: the platform does not report nodes",
      ),
      describe("No more runs are started once all of them have used this much run time"),
    ),
  ),
}).check(describe("A suite of runs for `pw-workflow-runner test`"));

/** The file that `quarantine` names. */
export const quarantineFormat = strictObject({ version: literal(1), quarantine: array(quarantined) });

/** The file that `reference` names. */
export const referenceFormat = strictObject({ version: literal(1), reference });

/** What `--set case.…` may set. */
export const overridesFormat = strictObject({
  timeout: settings.timeout,
  "queue-timeout": settings["queue-timeout"],
  retries: optional(retries),
  cleanup: shared.cleanup,
});

export type SuiteDocument = Infer<typeof suiteFormat>;
export type CaseDocument = SuiteDocument["cases"][number];
export type ExpectDocument = NonNullable<CaseDocument["expect"]>;
export type ReferenceDocument = Infer<typeof referenceFormat>["reference"];
export type QuarantineDocument = Infer<typeof quarantineFormat>["quarantine"];
export type OverridesDocument = Infer<typeof overridesFormat>;
