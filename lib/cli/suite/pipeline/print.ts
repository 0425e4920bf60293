/** `test --ci`: prints a pipeline that runs this call in shards, and joins their reports. */

import { UsageError } from "../../../errors.ts";
import { valuesIn } from "../../../json.ts";
import { argumentWords, programCommand } from "../../../shell_command.ts";
import { isSecretReference } from "../../../suites/document.ts";
import { readSuites, type Suite } from "../../../suites/read_suite.ts";
import { kebabOptionName, refuseOptions, scanWords } from "../../argv.ts";
import { COMMON_OPTIONS, splitCommand } from "../../command.ts";
import { COMPLETED } from "../../exit_codes.ts";
import { MAX_SHARDS, SUITE_OPTIONS, type SuiteCall, wantedReports } from "../options.ts";
import { environmentOf, suiteFiles } from "../selection.ts";
import { githubPipeline, gitlabPipeline, type Pipeline } from "./pipeline.ts";

const RENDERERS = { gitlab: gitlabPipeline, github: githubPipeline } as const;
/** What a job does not do, or only on this machine. */
const REFUSED = ["shard", "list", "dryRun", "resume", "rejudge"];
/** Options that are not the same in the jobs. */
const OWN = new Set(["ci", "shards", "report", "history", "maxSkipped", "context", "json", "output"]);
const DEFAULT_DEADLINE_MS = 5 * 3_600_000;
/** Time to check out, to install, to write reports and to save them. */
const EXTRA_MINUTES = 30;

export async function printPipeline(call: SuiteCall): Promise<number> {
  const { context, output, values } = call;
  const { ci, suites: given = [] } = values;
  if (ci === undefined) throw new UsageError("Cannot use --shards without --ci gitlab or --ci github");
  refuseOptions(values, REFUSED, { reason: "together with --ci" });
  const paths = await suiteFiles(context, given);
  const suites = await readSuites(paths, { readTextFile: context.readTextFile, nowMs: context.clock.now() });
  environmentOf(suites, values.env);
  const { options } = scanWords({ ...SUITE_OPTIONS, ...COMMON_OPTIONS }, splitCommand(context.args).argv);
  const writtenOf = (isWanted: (key: string) => boolean) =>
    options.filter(({ key }) => isWanted(key)).map(({ key, value }) =>
      [kebabOptionName(key), ...value === undefined ? [] : [value]].join("=")
    );
  const history = folderBelow(values.history ?? "suite-history");
  const filesOf = (reports: readonly string[]) => wantedReports({ report: reports }).map(({ file }) => file);
  const wanted = values.report ?? [];
  const reports = filesOf(wanted).length > 0 ? wanted : [...wanted, "html=suite-report.html"];
  const kept = [`--history=${history}`];
  const limit = values.deadline === undefined ? [`--deadline=${DEFAULT_DEADLINE_MS / 3_600_000}h`] : [];
  const text = RENDERERS[ci]({
    command: programCommand("test", given, writtenOf(() => true)),
    shardCount: values.shards ?? Math.min(paths.length, MAX_SHARDS),
    minutes: Math.ceil((values.deadline ?? DEFAULT_DEADLINE_MS) / 60_000) + EXTRA_MINUTES,
    testArguments: argumentWords(given, [...kept, ...limit, ...writtenOf((key) => !OWN.has(key))]).join(" "),
    mergeOptions: argumentWords([], [
      ...kept,
      ...writtenOf((key) => key === "maxSkipped"),
      ...reports.map((report) => `--report=${report}`),
    ]).join(" "),
    history,
    reportFiles: filesOf(reports),
    needsRevisions: values.changedSince !== undefined,
    ...namesIn(suites),
  });
  if (output.mode === "text") output.raw(text);
  else output.document({ ci, pipeline: text, ...COMPLETED });
  return 0;
}

function folderBelow(folder: string): string {
  const below = folder.replaceAll("\\", "/").replace(/^(?:\.\/)+|\/+$/g, "");
  if (below !== "" && !/^\/|^[A-Za-z]:|(?:^|\/)\.\.(?:\/|$)/.test(below)) return below;
  throw new UsageError(
    `Cannot use --history ${folder} together with --ci: a job can only keep a folder in its checkout`,
    {
      hint: "Name a folder like suite-history",
    },
  );
}

function namesIn(suites: readonly Suite[]): Pick<Pipeline, "variables" | "secrets"> {
  const values = suites.flatMap(({ document }) => [...valuesIn(document)].map(([value]) => value));
  const secrets = new Set(values.filter(isSecretReference).map(({ secret }) => secret));
  const variables = new Set(suites.flatMap(({ document }) => document.env ?? []));
  return { secrets: [...secrets], variables: [...variables].filter((name) => !secrets.has(name)) };
}
