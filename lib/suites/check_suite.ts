/** What the format cannot express: names that must exist, values that belong together. Accepts any document. */

import { didYouMean } from "../did_you_mean.ts";
import { isSecretName } from "../inputs/secrets.ts";
import { formatPath, type InputPath, type JsonObject, valuesIn } from "../json.ts";
import {
  axisMappings,
  checkNames,
  environmentsOf,
  isSecretReference,
  listOf,
  metricsOf,
  type Named,
  namedIn,
  needsOf,
  objectOf,
  type Report,
  textsOf,
  within,
} from "./document.ts";
import { checkExpectations, checkMetrics, checkReference } from "./check_expectations.ts";
import { checkKnownFailures } from "./known_failures.ts";
import { axesOf, checkMatrix } from "./matrix.ts";
import { type Reference, referencesIn } from "./references.ts";

/** @param today Like 2030-01-31. */
export function checkSuite(document: JsonObject, today: string, report: Report): void {
  const cases = namedIn(document, "cases");
  const setups = namedIn(document, "setup");
  checkDuplicates([...cases, ...setups], () => "name", report);
  for (const { name, path } of cases) {
    const setup = setups.find((one) => name === `setup ${one.name}`);
    if (setup === undefined) continue;
    report([...path, "name"], `must be unique: reports name ${formatPath(setup.path)} "${name}", too`);
  }
  // A case without an id is identified by its name.
  checkDuplicates(cases, ({ value }) => value.id === undefined ? "name" : "id", report);
  for (const { value, path } of cases) {
    const reportCase = within(report, ...path);
    const required = textsOf(objectOf(value.requires).environment);
    if (!hasWorkflow(value, document)) {
      reportCase(["workflow"], "is missing: neither the case nor `defaults` names it");
    }
    checkNames("setup run", textsOf(value.setup), setups, within(reportCase, "setup"));
    checkNames("environment", required, environmentsOf(document), within(reportCase, "requires", "environment"));
    checkExpectations(objectOf(value.expect), within(reportCase, "expect"));
    checkMetrics(value.metrics, within(reportCase, "metrics"));
    checkReference(value.reference, metricsOf(value, document), within(reportCase, "reference"));
    checkMatrix(objectOf(value.matrix), within(reportCase, "matrix"));
    for (const [one, below] of axisMappings(value)) {
      checkExpectations(objectOf(one.expect), within(reportCase, ...below, "expect"));
    }
    checkKnownFailures(value, { document, today }, reportCase);
  }
  checkMetrics(document.metrics, within(report, "metrics"));
  const metrics = metricsOf(document, ...cases.map(({ value }) => value));
  checkReference(document.reference, metrics, within(report, "reference"));
  for (const [name, environment] of Object.entries(objectOf(document.environments))) {
    const reportOne = within(report, "environments", name);
    checkReference(objectOf(environment).reference, metrics, within(reportOne, "reference"));
    checkNames("setup run", textsOf(objectOf(environment).setup), setups, within(reportOne, "setup"));
  }
  checkNames("setup run", textsOf(objectOf(document.defaults).setup), setups, within(report, "defaults", "setup"));
  checkNeeds(cases, report);
  checkSecretValues(document, report);
  checkReferences(document, { cases, setups }, report);
}

function hasWorkflow(value: JsonObject, document: JsonObject): boolean {
  if (value.workflow !== undefined || objectOf(document.defaults).workflow !== undefined) return true;
  const environments = Object.values(objectOf(document.environments));
  return environments.length > 0 && environments.every((environment) => objectOf(environment).workflow !== undefined);
}

function checkDuplicates(all: readonly Named[], fieldOf: (one: Named) => "name" | "id", report: Report): void {
  const seen = new Map<string, { readonly path: InputPath; readonly field: string }>();
  for (const one of all) {
    const field = fieldOf(one);
    const text = one.value[field];
    if (typeof text !== "string") continue;
    const first = seen.get(text);
    if (first === undefined) seen.set(text, { path: one.path, field });
    else {
      const other = formatPath(first.field === field ? first.path : [...first.path, first.field]);
      report([...one.path, field], `must be unique: ${other} is also "${text}"`);
    }
  }
}

function checkNeeds(cases: readonly Named[], report: Report): void {
  const placed = ({ value, path }: Named) =>
    needsOf(value).map(([need, below]) => [need, [...path, "needs", ...below]] as const);
  checkNames("case", cases.flatMap(placed), cases, report);
  const needs = new Map(cases.map(({ name, value }) => [name, needsOf(value).map(([need]) => need)]));
  for (const cycle of cyclesIn(needs)) {
    const first = cases.find(({ name }) => cycle.includes(name));
    if (first === undefined) continue;
    const at = cycle.indexOf(first.name);
    const members = [...cycle.slice(at), ...cycle.slice(0, at), first.name];
    report([...first.path, "needs"], `cases cannot need each other: ${members.join(" → ")}`);
  }
}

/** Each case is in one at most. Without recursion: thousands of cases may follow each other. */
function cyclesIn(needs: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const cycles: string[][] = [];
  const left = new Set(needs.keys());
  for (const start of needs.keys()) {
    const path = [start];
    for (let name = path.at(-1); name !== undefined; name = path.at(-1)) {
      const next = needs.get(name)?.find((need) => left.has(need));
      const isCycle = next !== undefined && path.includes(next);
      if (isCycle) cycles.push(path.slice(path.indexOf(next)));
      if (next !== undefined && !isCycle) path.push(next);
      else for (const done of path.splice(isCycle ? path.indexOf(next) : -1)) left.delete(done);
    }
  }
  return cycles;
}

/** A secret that is written into the file, instead of its name. */
function checkSecretValues(document: JsonObject, report: Report): void {
  for (const [value, path] of valuesIn(document)) {
    if (!path.includes("inputs") || isSecretReference(value)) continue;
    for (const [name, member] of Object.entries(objectOf(value)).filter(([name]) => isSecretName(name))) {
      if (member === "" || (typeof member !== "string" && typeof member !== "number") || isOutput(member)) continue;
      report([...path, name], notInFile("{ secret: NAME }"));
    }
  }
  // A value of a matrix is also in the name of its case.
  for (const { value, path } of namedIn(document, "cases")) {
    for (const [axis, values] of Object.entries(objectOf(value.matrix)).filter(([axis]) => isSecretName(axis))) {
      for (const [index, item] of listOf(values).entries()) {
        const written = objectOf(item).value ?? item;
        if (typeof written !== "string" || written === "") continue;
        report([...path, "matrix", axis, index], notInFile("{ name: TEXT, value: { secret: NAME } }"));
      }
    }
  }
}

function isOutput(value: string | number): boolean {
  const [reference] = typeof value === "string" && /^\$\{[^}]*\}$/.test(value) ? referencesIn(value) : [];
  return reference?.type === "output";
}

function notInFile(instead: string): string {
  return `must not be in the file: write ${instead}, and set the environment variable NAME`;
}

/** Where values may name the environment; outputs of other runs only in inputs. */
const MAY_NAME: ReadonlySet<string> = new Set([
  "workflow",
  "preset",
  "inputs",
  "requires",
  "lock",
  "outputs",
  "log",
  "session",
  "check",
]);

/** The references in all values of the document. */
function checkReferences(
  document: JsonObject,
  { cases, setups }: { readonly cases: readonly Named[]; readonly setups: readonly Named[] },
  report: Report,
): void {
  const variables = listOf(document.env).filter((name) => typeof name === "string");
  const problemOf = (reference: Reference, path: InputPath): string | undefined => {
    if (!path.some((part) => MAY_NAME.has(String(part)))) return "${…} is not allowed here";
    const own = objectOf(cases.find((one) => path[0] === "cases" && one.path[1] === path[1])?.value);
    switch (reference.type) {
      case "invalid":
        return `no reference: ${reference.text}. Write \${NAME} or \${cases.NAME.outputs.JOB.OUTPUT}, and $\${ for the text \${`;
      case "variable": {
        if (variables.includes(reference.name)) return undefined;
        const hint = didYouMean(reference.name, variables) ?? `Add ${reference.name} to the list \`env\``;
        return `\`env\` does not list ${reference.name}. ${hint}`;
      }
      case "matrix": {
        const matrix = objectOf(own.matrix);
        if (!axesOf(matrix).has(reference.name)) return `the matrix has no key ${reference.name}`;
        const values = listOf(matrix[reference.name]).map((one) => objectOf(one).value ?? null);
        // It would be sent as the object that names the variable.
        const isSecret = [...valuesIn(values)].some(([value]) => isSecretReference(value));
        return isSecret ? `matrix.${reference.name} is a secret: only the input of that name can have it` : undefined;
      }
      case "output": {
        if (!path.includes("inputs")) return "outputs of other runs can only be used in inputs";
        const [list, known, all] = reference.of === "cases"
          ? ["needs", needsOf(own), cases] as const
          : ["setup", textsOf(own.setup ?? objectOf(document.defaults).setup), setups] as const;
        if (known.some(([text]) => text === reference.name)) return undefined;
        const exists = all.some(({ name }) => name === reference.name);
        return `${exists ? `add ${reference.name} to` : `no ${reference.name} in`} \`${list}\` of this case`;
      }
    }
  };
  for (const [value, path] of valuesIn(document)) {
    for (const reference of typeof value === "string" ? referencesIn(value) : []) {
      const message = problemOf(reference, path);
      if (message !== undefined) report(path, message);
    }
    for (const name of Object.keys(objectOf(value)).filter((name) => name.includes("${"))) {
      report([...path, name], "${…} is allowed in values only, not in names", "key");
    }
  }
}
