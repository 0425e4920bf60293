/** Sent in the User-Agent; a test compares it with `deno.json`. */
export const VERSION = "0.1.0";

/** What `--version` prints. */
export function versionLine(commit: string): string {
  return `pw-workflow-runner ${VERSION}${commit === "" ? "" : ` (${commit})`}`;
}
