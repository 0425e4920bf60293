import { didYouMean } from "../did_you_mean.ts";
import { type JsonObject, valuesIn } from "../json.ts";
import { axesOf } from "./matrix.ts";
import { listOf, type Named, needsOf, objectOf, type Report, textsOf } from "./document.ts";
import { referencesIn } from "./references.ts";
import type { SourcePath } from "./source.ts";

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
export function checkReferences(
  document: JsonObject,
  { cases, setups }: { readonly cases: readonly Named[]; readonly setups: readonly Named[] },
  report: Report,
): void {
  const variables = listOf(document.env).filter((name) => typeof name === "string");
  const checkText = (text: string, path: SourcePath) => {
    for (const reference of referencesIn(text)) {
      if (!path.some((part) => MAY_NAME.has(String(part)))) return report(path, "${…} is not allowed here");
      const owner = cases.find((one) => path[0] === "cases" && one.path[1] === path[1]);
      switch (reference.type) {
        case "invalid":
          report(
            path,
            `no reference: ${reference.text}. Write \${NAME} or \${cases.NAME.outputs.JOB.OUTPUT}, and $$ for a dollar sign`,
          );
          break;
        case "variable":
          if (!variables.includes(reference.name)) {
            const hint = didYouMean(reference.name, variables) ?? `Add ${reference.name} to the list \`env\``;
            report(path, `\`env\` does not list ${reference.name}. ${hint}`);
          }
          break;
        case "matrix":
          if (!axesOf(objectOf(owner?.value.matrix)).has(reference.name)) {
            report(path, `the matrix has no key ${reference.name}`);
          }
          break;
        case "output": {
          const own = objectOf(owner?.value);
          const setup = own.setup ?? objectOf(document.defaults).setup;
          const known = reference.of === "cases" ? needsOf(own) : textsOf(setup);
          if (!path.includes("inputs")) report(path, "outputs of other runs can only be used in inputs");
          else if (!known.some(({ text }) => text === reference.name)) {
            const [list, all] = reference.of === "cases" ? ["needs", cases] : ["setup", setups];
            const exists = all.some(({ name }) => name === reference.name);
            report(path, `${exists ? `add ${reference.name} to` : `no ${reference.name} in`} \`${list}\` of this case`);
          }
          break;
        }
      }
    }
  };
  for (const [value, path] of valuesIn(document)) {
    if (typeof value === "string") checkText(value, path);
    for (const name of Object.keys(objectOf(value)).filter((name) => name.includes("${"))) {
      report([...path, name], "${…} is allowed in values only, not in names", "key");
    }
  }
}
