/** What the User-Agent says; a test holds it equal to `deno.json`. */
export const VERSION = "0.1.0";

/** The commit that a binary was compiled from: `deno task compile` writes it here, in a copy. Empty in a checkout. */
const COMMIT: string = "";

/** What `--version` prints. */
export const VERSION_LINE = `pw-workflow-runner ${VERSION}${COMMIT === "" ? "" : ` (${COMMIT})`}`;
