// The only file that names this package. Its mini API: checks are functions, so less code is loaded and bundled.
export {
  array,
  boolean,
  catchall,
  describe,
  enum as oneOf,
  int,
  literal,
  looseObject,
  maximum,
  minimum,
  minLength,
  nullable,
  nullish,
  number,
  object,
  optional,
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
  $ZodType as FormatSchema,
  $ZodTypes as FormatTypes,
} from "npm:zod@4.6.7/v4/core";
