/** What several commands share, for `help TOPIC` and the documentation. */

import type { ExitCode, SignalExitCode } from "./exit_codes.ts";

/** The environment variables that a user may set. */
export const ENVIRONMENT = {
  PW_API_KEY: "API key (pwt_…). Also read from .env, and from the credentials file of the official CLI",
  PW_CONTEXT: "Context of the credentials file, if PW_API_KEY is not set. Like --context",
  PW_PLATFORM_HOST: "Host of the platform, if the key does not name it. See --allow-host",
  PW_CREDENTIALS_DIR: "Folder of the credentials file",
  PW_CA_CERT: "PEM file with CA certificates to trust too. Like --cacert",
  PW_STATE_DIR: "Folder of the local history",
  PW_STORE_URL: "Store to use instead of the local history. See `help store`",
  PW_TIMEOUT: "Default of --timeout, such as 90s or 2h. Also read from .env",
  PW_LOG_LEVEL: "Default of --log-level. Also read from .env",
  PW_RUN_URL: "Address of a run's page, as a template. See `help open`",
  NO_COLOR: "Disables colors, unless it is empty. Like --no-color",
  FORCE_COLOR: "Uses colors in pipes and files too; 0 disables colors. CLICOLOR_FORCE and CLICOLOR do the same",
  TERM: "dumb: no colors, no prompts, and no line that is rewritten in place",
  HTTPS_PROXY: "Proxy for requests. NO_PROXY lists hosts to reach without it",
} as const;

type Meaning = readonly [meaning: string, nextStep: string];

/** By exit code; signals share a row. */
export const EXIT_CODE_MEANINGS: Readonly<Record<Exclude<ExitCode, SignalExitCode> | "128 + n", Meaning>> = {
  0: ["completed, or the question was answered", "continue"],
  1: ["the run failed, or a check of `doctor` without a code of its own", "read the failure"],
  2: [
    "bad usage or inputs (also an input file that cannot be read), refused by us or by the server; nothing was started",
    "fix the call",
  ],
  3: ["the run was cancelled on the platform", ""],
  4: ["the API key is missing, malformed or refused; nothing was started", "fix the key"],
  5: ["no such workflow or run, or the run was deleted", "fix the name"],
  6: ["it is unknown whether a run was started", "check with `resume` before trying again"],
  7: [
    "connection lost, the API key expired, or this machine failed (such as a full disk), while a run exists",
    "`resume` or `watch`",
  ],
  8: ["could not be submitted, or the platform could not be reached; nothing was started", "try again later"],
  70: ["a defect of this program", "report it"],
  124: [
    "`--timeout` or `batch --deadline` passed; runs continue unless `--on-timeout cancel`",
    "`resume`, `watch` or `cancel`",
  ],
  141: ["the reader of the output closed the pipe; 7 if that ended the wait for a run", ""],
  "128 + n": ["ended by signal n (129, 130 or 143); the run continues", "`resume` or `watch`"],
};
