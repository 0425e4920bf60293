import type { ClusterField, Field, Form } from "../inputs/form.ts";
import { hasDefault } from "../inputs/form.ts";
import { SECRET_MASK } from "../redact.ts";
import { isSecretField } from "../inputs/secrets.ts";
import { formatPath, type InputPath } from "../inputs/path.ts";
import { describeAllowed, validateValue } from "../inputs/value_check.ts";
import type { Cluster } from "../cluster.ts";
import type { Json, JsonObject } from "../json.ts";
import type { Prompter, PromptValidator } from "./prompter.ts";
import { clusterChoices } from "./choices.ts";
import { type FieldQuestion, nextQuestion, type PromptAnswers, withAnswer } from "./questions.ts";

export interface FillOptions {
  readonly clusters: () => Promise<readonly Cluster[]>;
  /** Restricts the questions to these paths; all when omitted. */
  readonly only?: readonly InputPath[];
}

type ValueQuestion = Extract<FieldQuestion, { type: "value" }>;

/** Asks for one input after the other, starting from the inputs given. */
export async function promptForFields(
  prompter: Prompter,
  form: Form,
  initial: JsonObject,
  options: FillOptions,
): Promise<JsonObject> {
  let answers: PromptAnswers = { inputs: initial, answered: new Set() };
  let heading = "";
  while (true) {
    const question = nextQuestion(form, answers, options.only);
    if (question === undefined) return answers.inputs;
    if (question.type === "row") {
      const name = question.field.label ?? formatPath(question.path);
      const message = question.rows === 0
        ? `Add a row to ${name}?`
        : `Add another row to ${name}? (${question.rows} so far)`;
      const isAdded = await prompter.confirm(message, { initial: false });
      answers = isAdded
        ? { ...answers, inputs: withAnswer(answers, [...question.path, question.rows], {}).inputs }
        : { ...answers, answered: new Set([...answers.answered, formatPath(question.path)]) };
      continue;
    }
    const nextHeading = question.headings.join(" › ");
    if (nextHeading !== heading && nextHeading !== "") prompter.note(nextHeading);
    heading = nextHeading;
    answers = withAnswer(answers, question.path, await askValue(prompter, question, options));
  }
}

/** @returns `undefined` to leave the value to the platform. */
async function askValue(
  prompter: Prompter,
  question: ValueQuestion,
  { clusters }: FillOptions,
): Promise<Json | undefined> {
  const { field } = question;
  switch (field.kind) {
    case "boolean":
      return await prompter.confirm(messageOf(question), { initial: (question.current ?? field.default) === true });
    case "choice":
      if (field.options !== null) return await askChoice(prompter, question, { ...field, options: field.options });
      return await askText(prompter, question);
    case "cluster":
      return await askCluster(prompter, question, field, await clusters());
    case "text":
    case "number":
    case "resource":
    case "unknown":
    case "group":
    case "list":
    case "header":
      return await askText(prompter, question);
  }
}

async function askText(prompter: Prompter, question: ValueQuestion): Promise<Json | undefined> {
  const { field, current } = question;
  const message = messageOf(question);
  const validate: PromptValidator = (text) => problemOf(question, text);
  if (isSecretQuestion(question)) {
    const secret = await prompter.secret(message, { validate });
    return secret === "" ? current : secret;
  }
  const options = {
    validate,
    ...(current === undefined ? {} : { initial: asText(current) }),
    ...(field.default === undefined ? {} : { placeholder: asText(field.default) }),
  };
  const isMultiline = field.kind === "text" && field.isMultiline;
  const text = isMultiline ? await prompter.multiline(message, options) : await prompter.text(message, options);
  return text === "" ? undefined : valueOf(field, text);
}

async function askChoice(
  prompter: Prompter,
  question: ValueQuestion,
  { isMultiple, options }: {
    isMultiple: boolean;
    options: readonly { label: string; value: string | number | boolean }[];
  },
): Promise<Json | undefined> {
  const { field, isRequired } = question;
  const current = question.current ?? field.default;
  const choices = options.map(({ label, value }) => ({ value, label }));
  if (isMultiple) {
    const initial = choices.flatMap(({ value }) => Array.isArray(current) && current.includes(value) ? [value] : []);
    const selected = await prompter.chooseMany(messageOf(question), choices, { initial, isRequired });
    return selected.length === 0 && !isRequired && !hasDefault(field) ? undefined : [...selected];
  }
  const none = isRequired || hasDefault(field) ? [] : [{ value: null, label: "None" }];
  const initial = choices.find(({ value }) => value === current)?.value;
  const selected = await prompter.choose<string | number | boolean | null>(
    messageOf(question),
    [...choices, ...none],
    initial === undefined ? {} : { initial },
  );
  return selected ?? undefined;
}

async function askCluster(
  prompter: Prompter,
  question: ValueQuestion,
  { allowsWorkspace }: ClusterField,
  clusters: readonly Cluster[],
): Promise<Json | undefined> {
  const isOptional = !question.isRequired;
  const current = question.current ?? question.field.default;
  const choices = clusterChoices(clusters, { allowsWorkspace, isOptional });
  const initial = choices.find(({ value }) => value !== null && value === current)?.value;
  const selected = await prompter.choose(messageOf(question), choices, initial === undefined ? {} : { initial });
  if (selected === null) return await askText(prompter, question);
  return selected === "" ? undefined : selected;
}

function messageOf(question: ValueQuestion): string {
  const { field, path, isRequired } = question;
  const name = field.label ?? formatPath(path.slice(-1));
  const isSecret = isSecretQuestion(question);
  const requirement = field.default !== undefined
    ? `default ${isSecret ? SECRET_MASK : asText(field.default)}`
    : isRequired
    ? "required"
    : "optional";
  const isMultiline = field.kind === "text" && field.isMultiline && !isSecret;
  const kind = field.kind === "number"
    ? `${describeAllowed(field)}, `
    : isMultiline
    ? "press Enter twice to finish, "
    : "";
  return `${name} (${kind}${requirement})`;
}

function problemOf({ field, path, isRequired, current }: ValueQuestion, text: string): string | undefined {
  if (text === "") return isRequired && current === undefined ? "This is required" : undefined;
  const isSecret = isSecretField(field, String(path.at(-1)));
  return validateValue(field, valueOf(field, text), { isSecret })?.replace(/^must/, "It must");
}

function valueOf(field: Field, text: string): Json {
  if (field.kind === "number") return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
  // Resources of the account can be given as an object.
  if ((field.kind === "resource" || field.kind === "cluster" || field.kind === "unknown") && /^\s*[{[]/.test(text)) {
    try {
      return JSON.parse(text);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return text;
}

function asText(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function isSecretQuestion({ field, path }: ValueQuestion): boolean {
  return isSecretField(field, String(path.at(-1)));
}
