/** What a step writes for the runner of GitHub Actions. */

/** Lines for the file `GITHUB_OUTPUT`. No value may contain the delimiter, so use a random one. */
export function outputLines(outputs: Readonly<Record<string, string>>, delimiter: string): string {
  return Object.entries(outputs).map(([name, value]) => `${name}<<${delimiter}\n${value}\n${delimiter}\n`).join("");
}

/** A workflow command, escaped so that no text in it can end it or begin another. */
export function workflowCommand(name: string, properties: Readonly<Record<string, string>>, message: string): string {
  const pairs = Object.entries(properties).filter(([, value]) => value !== "").map(([key, value]) =>
    `${key}=${escapeData(value).replaceAll(":", "%3A").replaceAll(",", "%2C")}`
  );
  return `::${name}${pairs.length === 0 ? "" : ` ${pairs.join(",")}`}::${escapeData(message)}`;
}

/** The escapes that actions/runner decodes. `%` comes first, since it introduces the others. */
function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}
