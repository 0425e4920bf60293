import { oneLine } from "../escape.ts";
import { problemText } from "../problem.ts";
import { type ClusterField, type Form, hasDefault } from "../inputs/form.ts";
import { SECRET_MASK } from "../redact.ts";
import { isSecretAt } from "../inputs/secrets.ts";
import { scanJson } from "../inputs/scan_json.ts";
import { formatPath, type Json, type JsonObject, parseJson } from "../json.ts";
import { describeInvalid, isAllowed } from "../inputs/value_check.ts";
import { type Cluster, findCluster, isUsableCluster } from "../cluster.ts";
import type { Prompter, PromptValidator } from "./prompter.ts";
import { clusterChoices } from "./choices.ts";
import { type FieldQuestion, nextQuestion, type PromptAnswers, type QuestionOptions, withAnswer } from "./questions.ts";

type Question<Type> = Extract<FieldQuestion, { type: Type }>;
type ValueQuestion = Question<"value">;

/** Asks for one input after the other, starting from the inputs given. */
export async function promptForFields(
  prompter: Prompter,
  form: Form,
  initial: JsonObject,
  options: QuestionOptions,
): Promise<JsonObject> {
  let answers: PromptAnswers = { inputs: initial, answered: new Set() };
  let heading = "";
  while (true) {
    const question = nextQuestion(form, answers, options);
    if (question === undefined) return answers.inputs;
    if (question.type === "row") {
      const { path, field, rows } = question;
      const added = field.kind === "group" ? path : [...path, rows];
      const empty = field.kind === "group" || field.item.kind === "group" ? {} : null;
      answers = await askRow(prompter, question)
        ? { ...answers, inputs: withAnswer(answers, added, empty).inputs }
        : { ...answers, answered: new Set([...answers.answered, question.key]) };
      continue;
    }
    const nextHeading = question.headings.join(" › ");
    if (nextHeading !== heading && nextHeading !== "") prompter.note(nextHeading);
    heading = nextHeading;
    const answer = await askValue(prompter, question, options.clusters ?? []);
    // A row cannot be left out, so that its default is the answer.
    const isRow = typeof question.path.at(-1) === "number";
    answers = withAnswer(answers, question.path, isRow ? answer ?? question.fallback ?? null : answer);
  }
}

async function askRow(prompter: Prompter, { path, field, rows, isRequired }: Question<"row">): Promise<boolean> {
  const name = field.label ?? formatPath(path);
  if (field.kind === "group") return await prompter.confirm(`Fill in ${name}? (optional)`, { initial: false });
  if (rows < (field.min ?? 0) && isRequired) return true;
  if (rows > 0) return await prompter.confirm(`Add another row to ${name}? (${rows} so far)`, { initial: false });
  return await prompter.confirm(`Add a row to ${name}?${isRequired ? " (required)" : ""}`, { initial: isRequired });
}

/** @returns `undefined` to leave the value to the platform. */
async function askValue(
  prompter: Prompter,
  question: ValueQuestion,
  clusters: readonly Cluster[],
): Promise<Json | undefined> {
  const { field, fallback } = question;
  if (field.kind === "cluster") return await askCluster(prompter, question, field, clusters);
  if (field.prompt.type === "choice") return await askChoice(prompter, question, field.prompt);
  if (field.prompt.type !== "confirm") return await askText(prompter, question);
  return await prompter.confirm(messageOf(question), { initial: (question.current ?? fallback) === true });
}

async function askText(prompter: Prompter, question: ValueQuestion): Promise<Json | undefined> {
  const { field, fallback } = question;
  const current = question.current ?? undefined;
  const message = messageOf(question);
  const validate: PromptValidator = (text) => problemOf(question, text);
  if (isSecretQuestion(question)) {
    const secret = await prompter.secret(message, { validate });
    return secret === "" ? current : secret;
  }
  const initial = current ?? (field.prefillsDefault ? fallback : undefined);
  const fallbackText = fallback === undefined || fallback === "" ? undefined : asText(fallback);
  const options = {
    validate,
    initial: initial === undefined ? undefined : asText(initial),
    placeholder: fallbackText ?? field.placeholder ?? undefined,
    // Shown as the answer; it is left to the platform.
    fallback: initial === undefined ? fallbackText : undefined,
  };
  const text = await prompter[isMultiline(question) ? "multiline" : "text"](message, options);
  if (text === "" || text === options.fallback) return undefined;
  // Otherwise text that looks like JSON would become JSON.
  const isKept = initial !== undefined && text === options.initial && isAllowed(field, initial);
  return isKept ? initial : valueOf(question, text);
}

async function askChoice(
  prompter: Prompter,
  question: ValueQuestion,
  { isMultiple, options: choices }: Extract<ValueQuestion["field"]["prompt"], { type: "choice" }>,
): Promise<Json | undefined> {
  const { field, isRequired, fallback } = question;
  const current = question.current ?? fallback;
  if (isMultiple) {
    const initial = choices.flatMap(({ value }) => [current].flat().includes(value) ? [value] : []);
    const selected = await prompter.chooseMany(messageOf(question), choices, { initial, isRequired });
    const isSame = selected.length === initial.length && selected.every((value) => initial.includes(value));
    const isLeftOut = hasDefault(field) ? isSame && question.current === undefined : selected.length === 0;
    return isLeftOut && !isRequired ? undefined : [...selected];
  }
  const isListed = choices.some(({ value }) => value === fallback);
  const label = hasDefault(field) && fallback !== "" ? "Default" : "None";
  const selected = await prompter.choose<string | number | boolean | null>(
    messageOf(question),
    isRequired || isListed ? choices : [...choices, { value: null, label }],
    { initial: choices.find(({ value }) => value === current)?.value ?? (hasDefault(field) ? null : undefined) },
  );
  return selected ?? undefined;
}

async function askCluster(
  prompter: Prompter,
  question: ValueQuestion,
  { allowsWorkspace, isAutoselected, providers }: ClusterField,
  clusters: readonly Cluster[],
): Promise<Json | undefined> {
  const current = question.current ?? question.fallback;
  const offered = clusters.filter((cluster) => isUsableCluster({ ...cluster, status: "active" }, providers));
  const choices = clusterChoices(offered, { allowsWorkspace, isOptional: !question.isRequired });
  const named = current === undefined ? undefined : findCluster(clusters, current)?.name ?? current;
  const initial = named === undefined ? undefined : choices.find(({ value }) => value === named)?.value ?? null;
  const selected = await prompter.choose(messageOf(question), choices, { initial });
  if (selected === null) return await askText(prompter, question);
  if (selected !== "") return selected;
  // Otherwise a cluster would be selected.
  return isAutoselected && question.fallback === undefined ? null : undefined;
}

const MAX_DEFAULT = 60;

function messageOf(question: ValueQuestion): string {
  const { field, path, isRequired, fallback } = question;
  const name = field.label ?? formatPath(path.slice(-1));
  const requirement = fallback !== undefined && fallback !== ""
    ? `default ${isSecretQuestion(question) ? SECRET_MASK : shortened(asText(fallback))}`
    : isRequired
    ? "required"
    : "optional";
  const isNumber = field.prompt.type === "text" && field.prompt.format === "number";
  const hint = isNumber ? `${field.allowed}, ` : isMultiline(question) ? "press Enter twice to finish, " : "";
  return `${name} (${hint}${requirement})`;
}

/** Of several lines, only the first is shown: a question takes one line. */
function shortened(text: string): string {
  const [first = "", ...others] = text.trimEnd().split("\n").map(oneLine);
  return others.length === 0 && first.length <= MAX_DEFAULT ? first : `${first.slice(0, MAX_DEFAULT - 1).trimEnd()}…`;
}

function isMultiline(question: ValueQuestion): boolean {
  const { prompt } = question.field;
  return prompt.type === "text" && prompt.isMultiline && !isSecretQuestion(question);
}

function problemOf(question: ValueQuestion, text: string): string | undefined {
  const { field, isRequired, current = null } = question;
  const kept = isSecretQuestion(question) ? current : null;
  if (text === "") return isRequired && (kept === null || kept === "") ? "This is required" : undefined;
  const value = valueOf(question, text);
  if (!isAllowed(field, value)) {
    return describeInvalid(field, value, { isSecret: isSecretQuestion(question) }).replace(/^must/, "It must");
  }
  if (typeof value === "string") return undefined;
  // Like in a file.
  const { problems: [problem] } = scanJson(text, { origin: "", path: formatPath(question.path) });
  return problem === undefined ? undefined : problemText(problem);
}

function valueOf({ field }: ValueQuestion, text: string): Json {
  const format = field.prompt.type === "text" ? field.prompt.format : field.kind === "cluster" ? "json" : "text";
  if (format === "number") return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
  // Resources of the account can be given as an object.
  return format === "json" && /^\s*[{[]/.test(text) ? parseJson(text) ?? text : text;
}

function asText(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function isSecretQuestion({ field, path }: ValueQuestion): boolean {
  return isSecretAt(field, path);
}
