/** Every option of every command: a lost, renamed or added option fails here. */

import assert from "node:assert/strict";
import { kebabOptionName, readArgv } from "../../lib/cli/argv.ts";
import { COMMANDS } from "../../lib/cli/commands.ts";
import { CONNECTION_OPTIONS, listedArgs } from "../../lib/cli/command.ts";

/** How an option is written, and its parsed value. */
type Option = readonly [written: string, value: unknown];

const COMMON: readonly Option[] = [
  ["--context lab", "lab"],
  ["--allow-host a.example", "a.example"],
  ["--cacert ca.pem", "ca.pem"],
  ["--log-level debug", "DEBUG"],
  ["--quiet", true],
  ["-q", true],
  ["--verbose", true],
  ["-v", true],
  ["--no-color", true],
  ["--help", true],
  ["-h", true],
];
const JSON_OPTION: readonly Option[] = [
  ["--json", true],
  ...["text", "json", "yaml"].map((format): Option => [`--output ${format}`, format]),
  ["-o yaml", "yaml"],
];
const WAIT: readonly Option[] = [
  ["--timeout 90s", 90_000],
  ["-t 90s", 90_000],
  ["--poll fixed", "fixed"],
  ["--poll-interval 2s", 2_000],
  ["--max-poll-interval 1m", 60_000],
  ["--unreachable-timeout 0", null],
  ["--on-interrupt ask", "ask"],
  ["--on-interrupt keep", "keep"],
  ["--on-interrupt cancel", "cancel"],
  ["--on-timeout keep", "keep"],
  ["--on-timeout cancel", "cancel"],
  ...JSON_OPTION,
  ["--events", true],
];
const RUN: readonly Option[] = [
  ["--input a=1", ["a=1"]],
  ["-i a=1", ["a=1"]],
  ["-p a=1", ["a=1"]],
  ["--name Nightly", "Nightly"],
  ["--strict", true],
  ["--no-check", true],
  ["--no-defaults", true],
  ["--no-input", true],
  ["--trust", true],
  ["--no-wait", true],
  ["--dry-run", true],
  ["--idempotency-key k", "k"],
  ["--idempotency-policy attach", "attach"],
  ["--idempotency-policy reject", "reject"],
  ["--idempotency-policy new-if-failed", "new-if-failed"],
  ["--submit-timeout 10m", 600_000],
  ["--no-history", true],
  ["--allow-failure", true],
  ["--report text", "text"],
  ["--report github", "github"],
  ...WAIT,
];

const MANY_RUNS: readonly Option[] = [
  ["--yes", true],
  ["-y", true],
  ["--jobs 16", 16],
  ["-j 16", 16],
  ["--per-cluster 2", 2],
  ...["all", "any", "fail-fast"].map((until): Option => [`--until ${until}`, until]),
  ["--max-failures 10%", "10%"],
  ["--no-canary", true],
  ["--retries 2", 2],
  ["--retry-on infra", "infra"],
  ...["failed", "cancelled", "timeout", "changed", "all"].map((which): Option => [`--rerun ${which}`, [which]]),
  ["--rows 4,8,15-20", "4,8,15-20"],
  ["--cancel-running", true],
  ["--deadline 2h", 7_200_000],
  ["--requests-per-minute 30", 30],
  ...["auto", "table", "plain", "none"].map((how): Option => [`--progress ${how}`, how]),
  ["--csv a.csv", "a.csv"],
  ["--jsonl a.jsonl", "a.jsonl"],
  ["--log a.log", "a.log"],
];
const MATRIX: readonly Option[] = [
  ["--matrix a=1,2", ["a=1,2"]],
  ["--zip", true],
  ["--exclude a=1", ["a=1"]],
  ["--include a=1", ["a=1"]],
  ["--sample 10", 10],
  ["--seed 7", 7],
  ["--sampling random", "random"],
  ["--sampling lhs", "lhs"],
];

const OPTIONS: Readonly<Record<string, readonly Option[]>> = {
  list: [...JSON_OPTION, ["--tag data", "data"], ["--favorites", true]],
  show: [...JSON_OPTION, ["--yaml", true]],
  inputs: [
    ["--input a=1", ["a=1"]],
    ["-i a=1", ["a=1"]],
    ["-p a=1", ["a=1"]],
    ["--preset nightly", "nightly"],
    ["--output a.json", "a.json"],
    ["-o a.json", "a.json"],
    ["--format json", "json"],
    ["--no-defaults", true],
    ["--format yaml", "yaml"],
    ["--json", true],
  ],
  schedules: [
    ["--file a.ts", "a.ts"],
    ["--count 3", 3],
    ["--timeline staging", "staging"],
    ["--check", true],
    ...JSON_OPTION,
  ],
  run: [["--preset nightly", "nightly"], ...RUN, ...MATRIX, ["--repeat 3", 3], ...MANY_RUNS],
  batch: [
    ["--workflow solve", "solve"],
    ["--input a=1", ["a=1"]],
    ["-i a=1", ["a=1"]],
    ["--repeat 3", 3],
    ["--exit-status", true],
    ["--name Sweep", "Sweep"],
    ["--strict", true],
    ["--no-check", true],
    ["--no-defaults", true],
    ["--trust", true],
    ["--dry-run", true],
    ...MANY_RUNS,
    ["--report html=a.html", "a.html"],
    ...WAIT.filter(([written]) => written !== "--events" && written !== "--on-interrupt ask"),
  ],
  test: [
    ["--tag cfd", ["cfd"]],
    ["--case solve*", ["solve*"]],
    ["--env prod", "prod"],
    ["--set case.timeout=30m", ["case.timeout=30m"]],
    ["--changed-since main", "main"],
    ["--jobs 4", 4],
    ["-j 4", 4],
    ["--fail-fast", true],
    ["--max-failures 3", 3],
    ["--max-skipped 10%", "10%"],
    ["--fail-on-flaky", true],
    ["--require-resources", true],
    ["--retries-threshold 30%", "30%"],
    ["--deadline 8h", 28_800_000],
    ["--budget 2h", 7_200_000],
    ["--repeat 3", 3],
    ["--shard 2/5", "2/5"],
    ["--order file", "file"],
    ["--order random", "random"],
    ["--seed 7", 7],
    ["--list", true],
    ["--dry-run", true],
    ["--resume", true],
    ["--report junit=a.xml", ["junit=a.xml"]],
    ["--rejudge", true],
    ["--history reports", "reports"],
    ["--last-failed", true],
    ...["gitlab", "github"].map((ci): Option => [`--ci ${ci}`, ci]),
    ["--shards 4", 4],
    ["--metric triad", "triad"],
    ...["text", "csv"].map((format): Option => [`--format ${format}`, format]),
    ["--strict", true],
    ["--no-check", true],
    ["--poll-interval 2s", 2_000],
    ["--max-poll-interval 1m", 60_000],
    ["--unreachable-timeout 0", null],
    ...JSON_OPTION,
  ],
  open: [["--url https://{host}/{slug}", "https://{host}/{slug}"], ...JSON_OPTION],
  status: [["--exit-status", true], ["--web", true], ...JSON_OPTION],
  watch: WAIT,
  runs: [
    ...["running", "completed", "failed", "cancelled"].map((status): Option => [`--status ${status}`, [status]]),
    ["--search nightly", "nightly"],
    ["--name Nightly*", "Nightly*"],
    ["--since 7d", 604_800_000],
    ["--limit 5", 5],
    ["--offset 40", 40],
    ["--all", true],
    ...JSON_OPTION,
  ],
  logs: [
    ["--follow", true],
    ["-f", true],
    ["--job build", "build"],
    ["--step 2", "2"],
    ["--tail 20", 20],
    ["--failed", true],
    ...JSON_OPTION,
  ],
  files: [["--output a.log", "a.log"], ["-o a.log", "a.log"]],
  errors: [["--tail 50", 50], ...JSON_OPTION],
  cancel: JSON_OPTION,
  resume: [["--all", true], ["--submit-pending", true], ...WAIT],
  store: JSON_OPTION,
  history: [
    ["--failed", true],
    ["--workflow w", "w"],
    ["--since 7d", 604_800_000],
    ["--limit 5", 5],
    ["--keep 9", 9],
    ...JSON_OPTION,
  ],
  rerun: RUN,
  doctor: [
    ["--probe w", "w"],
    ["--probe-input a=1", ["a=1"]],
    ["--probe-output a.json", "a.json"],
    ["--probe-timeout 10m", 600_000],
    ["--probe-delete", true],
    ["--yes", true],
    ["-y", true],
    ...JSON_OPTION,
  ],
  auth: [["--offline", true], ...JSON_OPTION],
  workspace: [["--wait", true], ["--yes", true], ["-y", true], ...JSON_OPTION],
  completions: [],
  demo: [],
  simulate: [
    ["--port 8080", 8080],
    ["--speed 2.5", 2.5],
    ...["current", "legacy", "both"].map((version): Option => [`--api-version ${version}`, version]),
    ...["unique", "shared", "existing", "ignored", "refused"].map((rule): Option => [`--slugs ${rule}`, rule]),
    ["--workflows flows", ["flows"]],
    ["--scenario scenario.json", "scenario.json"],
    ["--clusters clusters.yaml", "clusters.yaml"],
    ["--probe-result probe.json", "probe.json"],
    ["--behavior launchGapMs=5000", [{ launchGapMs: 5000 }]],
    ["--behavior listOrder=oldest", [{ listOrder: "oldest" }]],
    ['--fault {"on":"submit","cut":"after-effect"}', [{ on: "submit", cut: "after-effect" }]],
  ],
};

Deno.test("the table lists every command", () => {
  assert.deepEqual(COMMANDS.map(({ name }) => name).toSorted(), Object.keys(OPTIONS).toSorted());
});

for (const { name, load } of COMMANDS) {
  const command = await load();
  const { args } = command;
  Deno.test(`${name} has exactly the options of the table, and each is parsed`, () => {
    const options = [...OPTIONS[name] ?? [], ...COMMON];
    const declared = Object.entries(args).filter(([, { type }]) => type !== "argument");
    const names = declared.flatMap((
      [key, { short, aliases = [] }],
    ) => [kebabOptionName(key), ...(short === undefined ? [] : [`-${short}`]), ...aliases]);
    assert.deepEqual(names.toSorted(), [...new Set(options.map(([written]) => written.split(" ")[0]))].toSorted());
    const positionals = Object.entries(args).flatMap(([key, { type, required, parse }]) =>
      type === "argument" && required !== false ? [Object.keys(parse?.choices ?? {})[0] ?? key] : []
    );
    for (const [written, expected] of options) {
      const [option = "", ...value] = written.split(" ");
      const key = declared.find(([key, { short, aliases = [] }]) =>
        [kebabOptionName(key), `-${short}`, ...aliases].includes(option)
      )?.[0] ?? "";
      const values: Readonly<Record<string, unknown>> = readArgv(name, args, [...positionals, option, ...value]);
      assert.deepEqual(values[key], expected, written);
    }
  });

  Deno.test(`${name} lists the options for connecting only if it connects`, () => {
    const listed = Object.keys(CONNECTION_OPTIONS).filter((key) => key in listedArgs(command));
    const isLocal = ["schedules", "store", "history", "completions", "demo", "simulate"].includes(name);
    assert.deepEqual(listed, isLocal ? [] : Object.keys(CONNECTION_OPTIONS));
  });
}
