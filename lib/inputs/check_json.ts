/** Checks what is passed as JSON by code whose types nothing has checked. */

import { joinPath, type Json, type JsonObject } from "../json.ts";

export interface ValueContext {
  /** Of the value, like `schedules[2].cron`. */
  readonly path: string;
  report(path: string, message: string): void;
}

export type FieldCheck<T> = (value: unknown, context: ValueContext) => T | undefined;

export const checkJsonObject: FieldCheck<JsonObject> = (value, { path, report }) => {
  if (!isPlainObject(value)) return void report(path, `must be an object: got ${describeType(value)}`);
  return isJson(value, { path, report }, []) ? value : undefined;
};

function isJson(value: unknown, { path, report }: ValueContext, parents: readonly unknown[]): value is Json {
  if (value === null || typeof value === "string" || typeof value === "boolean") return true;
  if (typeof value === "number" && Number.isFinite(value)) return true;
  if (parents.includes(value)) {
    report(path, "must be JSON: it contains itself");
    return false;
  }
  const isItemJson = (item: unknown, at: string | number) =>
    isJson(item, { path: joinPath(path, at), report }, [...parents, value]);
  if (Array.isArray(value)) return value.every(isItemJson);
  if (isPlainObject(value)) return Object.entries(value).every(([name, item]) => isItemJson(item, name));
  report(path, `must be JSON: got ${describeType(value)}`);
  return false;
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

export function describeType(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (value === undefined) return "nothing";
  if (isPlainObject(value)) return "an object";
  return typeof value === "object" ? "a class instance" : `a ${typeof value}`;
}
