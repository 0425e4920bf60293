/** A secret that a suite, a server and a run repeat is in the bytes of no report, also after unescaping, base64 and gunzip. */

import assert from "node:assert/strict";
import { runIsolated } from "../../lib/cli/run_program.ts";
import { cliStage } from "../support/cli_stage.ts";
import { dataOfPage } from "../reports/support/data_of_page.ts";

const SECRET = 'hun"ter<2>&sec\\ret';
const TOKEN = "s3cr3t-token-of-the-run";
const INNER_TOKEN = 'inner"t0ken\\of-the-run';
const FORM = "on:\n  execute:\n    inputs:\n      password: { type: password }\n";
const YAML = `${FORM}jobs:\n  main:\n    steps:\n      - name: solve\n        run: solve\n`;
const SUITE = `version: 1
env: [THE_SECRET]
metrics:
  found: { from: { log: main }, regex: '(hun.*)' }
reference:
  '*': { found: { value: 1 } }
cases:
  - name: repeats
    workflow: repeats
    inputs: { password: { secret: THE_SECRET } }
    expect:
      outputs:
        main.leak: { equals: other }
        main.token: { equals: other, secret: true }
        'main.login.users[0].token': { equals: other, secret: true }
      log: { matches: '^never .* there$' }
      check: 'cat; echo "$0"; exit 1'
  - name: fails
    workflow: fails
    inputs: { password: { secret: THE_SECRET } }
`;
const leaking = (fails: boolean) => ({
  yaml: YAML,
  scenario: {
    "main/solve": {
      lasts: "1s",
      fails,
      logs: [`the password is ${SECRET}`, `::error title=${SECRET}::${SECRET}`, btoa(SECRET), JSON.stringify(SECRET)],
      outputs: { leak: SECRET, token: TOKEN, login: JSON.stringify({ users: [{ token: INNER_TOKEN }] }) },
    },
  },
});

function unescaped(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&#10;", "\n")
    .replaceAll(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code))).replaceAll("&amp;", "&")
    .replaceAll('\\"', '"').replaceAll("\\\\", "\\");
}

/** What a reader can make of a text: as it is, unescaped once and twice, and its parts in base64. */
function formsOf(text: string): readonly string[] {
  const parts = (text.match(/[A-Za-z0-9+/]{12,}={0,2}/g) ?? []).flatMap((part) => {
    try {
      return [atob(part)];
    } catch {
      return [];
    }
  });
  return [text, unescaped(text), unescaped(unescaped(text)), parts.join("\n")];
}

Deno.test("a planted secret is in no report", async () => {
  await using stage = await cliStage({ workflows: { repeats: leaking(false), fails: leaking(true) } });
  const files = new Map<string, string>();
  const context = {
    readTextFile: () => Promise.resolve(SUITE),
    listFiles: () => Promise.resolve([]),
    appendFile: (path: string, text: string) => void files.set(path, (files.get(path) ?? "") + text),
    replaceFile: (path: string, text: string) => Promise.resolve(void files.set(path, text)),
    checkReplaceable: () => Promise.resolve(),
    runIsolated,
  };
  const formats = ["junit", "ctrf", "html", "markdown"];
  const words = [
    ...["test", "leak.suite.yaml", "--history", "reports", "--json", "--poll-interval", "1s", "--report", "github"],
    ...formats.flatMap((format) => ["--report", `${format}=${format}`]),
  ];
  const env = { THE_SECRET: SECRET, PATH: "/usr/bin:/bin", GITHUB_OUTPUT: "outputs", GITHUB_STEP_SUMMARY: "summary" };
  const { code, stdout, stderr } = await stage.call(words, { context, env });
  assert.equal(code, 1, stderr);
  const page = await dataOfPage(files.get("html") ?? "");
  assert.match(page, /metrics\.found/);
  assert.match(page, /the password is/);
  const all = { stdout, stderr, page, ...Object.fromEntries(files) };
  assert.deepEqual(Object.keys(all).toSorted(), [
    ...["ctrf", "html", "junit", "markdown", "outputs", "page", "reports/run-01.json", "stderr", "stdout", "summary"],
  ]);
  for (const [name, text] of Object.entries(all)) {
    for (const form of formsOf(text)) {
      assert.ok(!form.includes(SECRET) && !form.includes('hun"ter'), `the secret is in ${name}`);
      assert.ok(!form.includes(TOKEN), `a secret output is in ${name}`);
      assert.ok(!form.includes(INNER_TOKEN) && !form.includes("of-the-run"), `a secret inside an output is in ${name}`);
    }
  }
});

Deno.test("a line of the suite that is shown with refused inputs has no value that the workflow's form makes a secret", async () => {
  const yaml = `on: { execute: { inputs: {
    door: { type: password }, size: { type: integer }, group: { type: group, items: { lock: { type: password } } } } } }
jobs: { main: { steps: [{ run: "true" }] } }
`;
  await using stage = await cliStage({ workflows: { guarded: yaml } });
  const suite = `version: 1
cases:
  - { name: a, workflow: guarded, inputs: { door: hunter2000, group: { lock: "open\\"sesame" }, size: many } }
  - { name: b, workflow: guarded, inputs: { door: 4711471147, size: 1 } }
  - { name: c, workflow: absent, inputs: { door: 4711471147 } }
`;
  const { code, stderr } = await stage.call(["test", "a.suite.yaml"], {
    context: { readTextFile: () => Promise.resolve(suite), listFiles: () => Promise.resolve(["a.suite.yaml"]) },
  });
  assert.equal(code, 2, stderr);
  assert.doesNotMatch(stderr, /hunter2000|sesame|4711/);
  assert.match(
    stderr,
    /\n {8}- \{ name: a, workflow: guarded, inputs: \{ door: •••, group: \{ lock: "•••" \}, size: many \} \}\n/,
  );
  assert.match(stderr, /\n {10}\^+\n/);
});

const DEPENDENT = `version: 1
cases:
  - { name: login, workflow: login }
  - { name: file, workflow: repeats, needs: login, inputs: [secret.json, { user: "\${cases.login.outputs.main.user}" }] }
  - { name: output, workflow: repeats, needs: login, inputs: { password: "\${cases.login.outputs.main.password}" } }
`;

for (const name of ["file", "output"]) {
  Deno.test(`where inputs depend on another run, a password from ${name === "file" ? "a file" : "its output"} is in no report`, async () => {
    const solve = { lasts: "1s", logs: ["the password is ${{ inputs.password }}"] };
    const yaml = YAML.replace("\njobs", "\n      user: { type: string, optional: true }\njobs");
    const outputs = { user: "me", password: SECRET };
    await using stage = await cliStage({
      workflows: {
        repeats: { yaml, scenario: { "main/solve": solve } },
        login: { yaml: YAML.replace(/^on:[^]*?(?=jobs)/, ""), scenario: { "main/solve": { lasts: "1s", outputs } } },
      },
    });
    const files = new Map<string, string>();
    const suite = DEPENDENT.replaceAll(/^.*name: (file|output).*\n/gm, (line, other) => {
      return other === name ? line.replace(" }\n", ", expect: { log: { contains: never } } }\n") : "";
    });
    const end = await stage.call(["test", "a.suite.yaml", "--json", "--poll-interval", "1s", "--report", "ctrf=c"], {
      context: {
        readTextFile: (path) => Promise.resolve(path === "secret.json" ? JSON.stringify({ password: SECRET }) : suite),
        replaceFile: (path, text) => Promise.resolve(void files.set(path, text)),
        checkReplaceable: () => Promise.resolve(),
      },
    });
    const text = unescaped([end.stdout, end.stderr, ...files.values()].join("\n"));
    assert.match(text, /the password is •••/);
    assert.ok(!text.includes(SECRET), text);
  });
}
