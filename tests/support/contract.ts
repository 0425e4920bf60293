/** Validates requests and responses against the platform's published API contract. */

import { addFormats, Ajv2020 } from "../deps/ajv.ts";
import { objectOf } from "../../lib/simulator/shape.ts";
import { isObject, type Json, type JsonObject } from "../../lib/json.ts";

const CONTRACT = new URL("../contract/activate.json", import.meta.url);

/** Members of real responses that the contract does not declare. */
const UNDECLARED = ["newExecutor", "namespace"];

export interface Contract {
  /** `METHOD /path/{template}` of every operation. */
  readonly operations: readonly string[];
  /** Empty when the response is valid. */
  problemsOf(response: ContractResponse): string[];
  /** Checks the operation, the query parameters and the body; empty when the request is valid. */
  problemsOfRequest(request: ContractRequest): string[];
  /** Members that a request's body may have. */
  bodyMembersOf(operation: string): string[];
  /** A response for the operation's schema, with only the required members or with all of them. */
  sampleOf(operation: string, members: "required" | "all"): Json;
}

export interface ContractRequest {
  readonly method: string;
  /** Includes the query. */
  readonly path: string;
  readonly body: unknown;
}

export interface ContractResponse {
  /** `METHOD /path/{template}`. */
  readonly operation: string;
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

export async function readContract(): Promise<Contract> {
  return contractOf(objectOf(JSON.parse(await Deno.readTextFile(CONTRACT))));
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
  const schemas = objectOf(objectOf(document["components"])["schemas"]);
  const bodySchemaOf = (name: string) => {
    const content = objectOf(objectOf(objectOf(operations.get(name))["requestBody"])["content"]);
    return objectOf(objectOf(content["application/json"])["schema"]);
  };
  return {
    operations: [...operations.keys()],
    bodyMembersOf(name) {
      const { $ref } = bodySchemaOf(name);
      return Object.keys(objectOf(objectOf(schemas[String($ref).split("/").at(-1) ?? ""])["properties"]));
    },
    problemsOfRequest({ method, path, body }) {
      const { pathname, searchParams } = new URL(path, "http://localhost");
      const name = operationOf(method, pathname, operations.keys());
      if (name === undefined) return [`no operation ${method} ${pathname}`];
      const operation = objectOf(operations.get(name));
      const parameters = Array.isArray(operation["parameters"]) ? operation["parameters"].map(objectOf) : [];
      const declared = parameters.filter((parameter) => parameter["in"] === "query").map((parameter) =>
        parameter["name"]
      );
      const schema = bodySchemaOf(name);
      return [
        ...[...searchParams.keys()].filter((key) => !declared.includes(key)).map((key) => `${name} accepts no ${key}`),
        ...(Object.keys(schema).length > 0
          ? problemsOf(body, schema)
          : body === null
          ? []
          : [`${name} accepts no body`]),
      ];
    },
    sampleOf(name, members) {
      const content = objectOf(objectOf(objectOf(objectOf(operations.get(name))["responses"])["200"])["content"]);
      return sampleIn(objectOf(objectOf(content["application/json"])["schema"]), schemas, members);
    },
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
      // The contract declares bytes as a base64 string; the server sends them raw.
      return problemsOf(schema["contentEncoding"] === "base64" ? text : JSON.parse(text), schema);
    },
  };
}

/** The operation of a path; literal segments take precedence over templates. */
function operationOf(method: string, path: string, operations: Iterable<string>): string | undefined {
  const segments = path.split("/");
  const matches = (operation: string) => {
    const [operationMethod, template = ""] = operation.split(" ");
    const parts = template.split("/");
    return operationMethod === method && parts.length === segments.length &&
      parts.every((part, index) => part === segments[index] || (/^{.+}$/.test(part) && segments[index] !== ""));
  };
  return [...operations].filter(matches).sort((a, b) => a.split("{").length - b.split("{").length)[0];
}

function sampleIn(schema: JsonObject, schemas: JsonObject, members: "required" | "all", depth = 0): Json {
  if (typeof schema["$ref"] === "string") {
    return sampleIn(objectOf(schemas[schema["$ref"].split("/").at(-1) ?? ""]), schemas, members, depth);
  }
  const [enumValue] = Array.isArray(schema["enum"]) ? schema["enum"] : [];
  if (enumValue !== undefined) return enumValue;
  const types = Array.isArray(schema["type"]) ? schema["type"] : [schema["type"]];
  switch (types[0]) {
    case "string":
      return schema["format"] === "date-time" ? "2026-01-05T09:00:00.123456789Z" : "text";
    case "integer":
    case "number":
      return 7;
    case "boolean":
      return true;
    case "array":
      // Lists may be null, and the sample with only required members uses that.
      if (members === "required") return types.includes("null") ? null : [];
      return depth > 4 ? [] : [sampleIn(objectOf(schema["items"]), schemas, members, depth + 1)];
    case "object": {
      const required = Array.isArray(schema["required"]) ? schema["required"] : [];
      const included = Object.entries(objectOf(schema["properties"]))
        .filter(([name]) => required.includes(name) || (members === "all" && depth <= 4));
      return Object.fromEntries(
        included.map(([name, value]) => [name, sampleIn(objectOf(value), schemas, members, depth + 1)]),
      );
    }
    default:
      return null;
  }
}

function withoutUndeclared(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndeclared);
  if (!isObject(value)) return value;
  const declared = Object.entries(value).filter(([name]) => !UNDECLARED.includes(name));
  return Object.fromEntries(declared.map(([name, member]) => [name, withoutUndeclared(member)]));
}
