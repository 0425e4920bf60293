/** What a pipeline is printed from, and its parts that GitLab and GitHub have in common. Pure. */

export interface Pipeline {
  /** What printed it. */
  readonly command: string;
  readonly shardCount: number;
  /** Of a job that runs a shard. */
  readonly minutes: number;
  /** Arguments of `test` besides the shard and its reports, for a shell. */
  readonly testArguments: string;
  /** Options of `test merge` besides the reports of the shards, for a shell. */
  readonly mergeOptions: string;
  /** The folder with earlier reports, below the working folder. */
  readonly history: string;
  /** What `test merge` writes. */
  readonly reportFiles: readonly string[];
  /** Environment variables that the suites read. */
  readonly variables: readonly string[];
  /** Environment variables with secrets that the suites name. */
  readonly secrets: readonly string[];
  /** Whether a shallow clone is too little. */
  readonly needsRevisions: boolean;
}

/** Starts the program; RUNNER is the address of a release's single file. */
const PROGRAM = 'deno run --no-prompt -A "${RUNNER:?is not set}"';

/** The script of a shard; `index` and `count` are for a shell. */
export function shardScript({ testArguments }: Pipeline, index: string, count: string): string {
  const reports = `--report "ctrf=shard-${index}.json" --report "junit=shard-${index}.xml"`;
  return `${PROGRAM} test --shard "${index}/${count}" ${reports} \\\n  ${testArguments}`;
}

export function mergeScript({ mergeOptions }: Pipeline, options = ""): string {
  return `${PROGRAM} test merge shard-*.json ${options}\\\n  ${mergeOptions}`;
}

export function headerOf({ command }: Pipeline): string {
  return `# Printed by: ${command.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, " ")}\n`;
}

/** As JSON, which is YAML too: any text on one line. */
export const yamlText = (text: string): string => JSON.stringify(text);

/** As a block with this indentation, if YAML allows it. */
export function yamlBlock(text: string, indentation: string): string {
  if (/(?!\n)[\p{C}\p{Zl}\p{Zp}]/u.test(text)) return yamlText(text);
  return `|-\n${text.split("\n").map((line) => `${indentation}${line}`).join("\n")}`;
}
