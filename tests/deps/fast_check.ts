// Generates random values, and shrinks one that fails. Only in tests.
export {
  array,
  assert,
  asyncProperty,
  boolean,
  constant,
  constantFrom,
  dictionary,
  double,
  integer,
  jsonValue,
  letrec,
  oneof,
  option,
  property,
  record,
  sample,
  string,
  tuple,
  uniqueArray,
} from "npm:fast-check@4.10.2";
export type { Arbitrary } from "npm:fast-check@4.10.2";
