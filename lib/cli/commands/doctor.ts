import { createClient } from "../../client/create_client.ts";
import { findCredential } from "../../client/credentials.ts";
import { StorageError } from "../../errors.ts";
import { silentLog } from "../../log.ts";
import { VERSION } from "../../version.ts";
import { type Call, defineCommand, JSON_ARG } from "../command.ts";
import { diagnose, type Finding, type Patient } from "../diagnose.ts";
import { gravest } from "../exit_codes.ts";
import { caCertsOf, type OpenCall } from "../open.ts";
import { oneLine } from "../sanitize.ts";
import { ledgerPath } from "../state_path.ts";
import type { Style } from "../style.ts";

const DEADLINE_MS = 30_000;

export const doctor = defineCommand({
  name: "doctor",
  summary: "see whether everything is in place",
  usage: "[options]",
  examples: [
    { line: "pw-workflow-runner doctor", does: "key, connection, clock, account, history" },
    { line: "pw-workflow-runner doctor --json", does: "for a program, or a report" },
  ],
  notes: "Changes nothing, and never shows the key. Ends with 0 unless something is ✗.",
  args: { ...JSON_ARG },
  async run(call) {
    const { context, output } = call;
    using deadline = context.clock.timeout(DEADLINE_MS);
    const findings: Finding[] = [];
    for await (const finding of diagnose(patientOf(call, AbortSignal.any([call.signal, deadline.signal])))) {
      findings.push(finding);
      if (output.mode === "text") output.answer(lineOf(finding, output.answerStyle));
    }
    const exitCode = gravest(findings.map((finding) => finding.exitCode));
    const isWell = findings.every(({ status }) => status !== "failed");
    if (output.mode === "json") {
      const checks = findings.map(({ exitCode: _, ...finding }) => finding);
      output.document({ checks, exitCode, kind: isWell ? "completed" : "unwell", submitted: "no" });
    }
    return exitCode;
  },
});

function lineOf({ name, status, detail, hint }: Finding, style: Style): string {
  const mark = { ok: style.green("✓"), warning: style.yellow("!"), failed: style.red("✗"), skipped: style.dim("·") };
  const line = `${mark[status]} ${style.bold(name.padEnd(12))} ${oneLine(detail)}`;
  return hint === null ? line : `${line}\n  ${" ".repeat(12)} ${style.dim(oneLine(hint))}`;
}

function patientOf({ context, values }: Call<OpenCall["values"]>, signal: AbortSignal): Patient {
  const { clock, env, fetch, os, random, readTextFile } = context;
  return {
    nowMs: () => clock.now(),
    env,
    findCredential: () => findCredential({ env, readTextFile }, values),
    async openClient(credential) {
      const caCerts = await caCertsOf(context, values);
      return createClient({ credential, caCerts, fetch, clock, random, log: silentLog });
    },
    ledgerPath: () => ledgerPath(env, os),
    openLedger: (path) => openAsItIs(path),
    tryWriting,
    versions: { program: VERSION, deno: Deno.version.deno, system: `${Deno.build.os} ${Deno.build.arch}` },
    isDotenvRead: context.mayRead(".env"),
    signal,
  };
}

async function openAsItIs(path: string) {
  let bytes: number;
  try {
    bytes = (await Deno.stat(path)).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  const { openSqliteLedger } = await import("../../ledger/sqlite.ts");
  return { ledger: await openSqliteLedger({ path, nowMs: 0, onSetAside: null }), bytes };
}

/** Nothing is left behind, and a folder that is not there yet is made by the first run. */
async function tryWriting(path: string): Promise<void> {
  try {
    const folder = await nearestFolder(path);
    const file = await Deno.makeTempFile({ dir: folder, prefix: ".pw-doctor-" });
    await Deno.remove(file);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new StorageError(`Cannot keep the history in ${path}: ${words}`, {
      hint: "Make room, or name another place with PW_STATE_DIR; run --no-history goes on without",
      cause: error,
    });
  }
}

async function nearestFolder(path: string): Promise<string> {
  for (let folder = path.replace(/[\\/][^\\/]*$/, ""); folder !== ""; folder = folder.replace(/[\\/][^\\/]*$/, "")) {
    try {
      if ((await Deno.stat(folder)).isDirectory) return folder;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return "/";
}
