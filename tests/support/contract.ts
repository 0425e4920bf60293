/** The platform's published contract, where it is at hand: is this answer one that the operation may give? */

import { addFormats, Ajv2020 } from "../deps/ajv.ts";
import { isObject, objectOf } from "../../lib/simulator/shape.ts";
import type { JsonObject } from "../../lib/model.ts";

const CONTRACT = new URL("../../../shared/activate-api/openapi-subset.json", import.meta.url);

/** Members that real answers carry and the contract doesn't declare. */
const UNDECLARED = ["newExecutor", "namespace"];

export interface Contract {
  /** `METHOD /path/{template}` of every operation. */
  readonly operations: readonly string[];
  /** What is wrong with an answer, in words; empty when nothing is. */
  problemsOf(answer: ContractAnswer): string[];
}

export interface ContractAnswer {
  /** `METHOD /path/{template}`. */
  readonly operation: string;
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

/** `null` when the contract file is not there. */
export async function readContract(): Promise<Contract | null> {
  const text = await Deno.readTextFile(CONTRACT).catch((error: unknown) => {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  });
  return text === null ? null : contractOf(objectOf(JSON.parse(text)));
}

function contractOf(document: JsonObject): Contract {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const operations = new Map<string, JsonObject>(
    Object.entries(objectOf(document["paths"])).flatMap(([path, methods]) =>
      Object.entries(objectOf(methods)).map(([method, operation]) =>
        [`${method.toUpperCase()} ${path}`, objectOf(operation)] as const
      )
    ),
  );
  const problemsOf = (value: unknown, schema: JsonObject): string[] => {
    const validate = ajv.compile({ ...schema, components: objectOf(document["components"]) });
    validate(withoutUndeclared(value));
    return (validate.errors ?? []).map((error) => `${error.instancePath || "/"} ${error.message}`);
  };
  return {
    operations: [...operations.keys()],
    problemsOf({ operation, status, contentType, text }) {
      const responses = objectOf(operations.get(operation)?.["responses"]);
      if (status >= 400) {
        const name = contentType === "application/problem+json" ? "Problem" : "Error";
        return problemsOf(JSON.parse(text), { $ref: `#/components/schemas/${name}` });
      }
      if (!Object.hasOwn(responses, String(status))) return [`${operation} declares no ${status}`];
      const content = objectOf(objectOf(responses[String(status)])["content"]);
      const schema = objectOf(objectOf(content["application/json"])["schema"]);
      if (Object.keys(content).length === 0) return text === "" ? [] : [`${operation} has no body for ${status}`];
      // Bytes are declared as a base64 string, and sent as they are.
      return problemsOf(schema["contentEncoding"] === "base64" ? text : JSON.parse(text), schema);
    },
  };
}

function withoutUndeclared(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndeclared);
  if (!isObject(value)) return value;
  const declared = Object.entries(value).filter(([name]) => !UNDECLARED.includes(name));
  return Object.fromEntries(declared.map(([name, member]) => [name, withoutUndeclared(member)]));
}
