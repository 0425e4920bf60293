// The only file that names this package. Its mini API: checks are functions, so less code is loaded and bundled.
export {
  array,
  boolean,
  catchall,
  custom,
  describe,
  enum as oneOf,
  exactOptional,
  int,
  literal,
  maximum,
  minimum,
  minLength,
  nullable,
  number,
  object,
  record,
  regex,
  safeParse,
  strictObject,
  string,
  toJSONSchema,
  union,
  unknown,
} from "npm:zod@4.6.7/mini";
export type { infer } from "npm:zod@4.6.7/mini";
export type {
  $ZodIssue as FormatIssue,
  $ZodRawIssue as FormatRawIssue,
  $ZodType as FormatSchema,
} from "npm:zod@4.6.7/v4/core";
