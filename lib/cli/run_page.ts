/** The page of a run in the web interface. No source states its address: the user sets a template. */

import { UsageError } from "../errors.ts";
import type { Run } from "../run.ts";
import type { Context } from "./context.ts";
import { COMPLETED } from "./exit_codes.ts";
import type { Output } from "./output.ts";

const EXAMPLE = "https://{host}/path/{slug}";

const TEMPLATE_HINT = "Open a run in your browser, and set PW_RUN_URL to its address with {slug}, {workflow} and " +
  `{number} in place of the run's own, like ${EXAMPLE}; HOST=TEMPLATE is for one host only`;

/** Of PW_RUN_URL, separated by spaces: `TEMPLATE` for any host, or `HOST=TEMPLATE`, which takes precedence. */
function templateFor({ env }: Pick<Context, "env">, host: string): string {
  const entries = (env("PW_RUN_URL") ?? "").split(/\s+/);
  const ofHost = entries.find((entry) => entry.startsWith(`${host}=`))?.slice(host.length + 1);
  // A template without https:// is a mistake to report, not an entry of another host.
  const template = ofHost ?? entries.find((entry) => !/^([^/=]+=|$)/.test(entry));
  if (template !== undefined) return template;
  throw new UsageError(`Cannot open a run of ${host}: the address of its page is not known`, { hint: TEMPLATE_HINT });
}

type NamedRun = Pick<Run, "slug" | "workflowName" | "number">;

/** @throws UsageError if there is no template, if it is not a web address, or if the run lacks what it refers to. */
export function runPageUrl(
  context: Pick<Context, "env">,
  host: string,
  run: NamedRun,
  template = templateFor(context, host),
): string {
  const { slug, workflowName: workflow, number } = run;
  /** `null` if the run has none. */
  const values = new Map(Object.entries({ host, slug, workflow, number: number?.toString() ?? null }));
  const text = template.replace(/\{([^{}]*)\}/g, (placeholder, name: string) => {
    const value = values.get(name);
    if (value === undefined) throw badTemplate(template, `it has the unknown placeholder ${placeholder}`);
    if (value === null) throw badTemplate(template, `this run has no ${name}`);
    return name === "host" ? value : encodeURIComponent(value);
  });
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw badTemplate(template, "it is not an address that begins with https:// or http://");
  }
  return new URL(text).href;
}

function badTemplate(template: string, reason: string): UsageError {
  return new UsageError(`Cannot use the address ${template}: ${reason}`, { hint: TEMPLATE_HINT });
}

/**
 * Prints the address. At a terminal, it is opened in the browser too.
 *
 * @param template Default: that of PW_RUN_URL.
 */
export async function openRunPage(
  { context, output }: { readonly context: Context; readonly output: Output },
  host: string,
  run: NamedRun,
  template?: string,
): Promise<void> {
  const url = runPageUrl(context, host, run, template);
  if (output.mode === "json") return output.document({ url, ...COMPLETED });
  output.answer(url);
  if (!context.stdout.isTerminal) return;
  const isOpened = await openInBrowser(context, url);
  output.log("INFO", isOpened ? "Opening it in your browser" : "No browser could be started: open it yourself");
}

const OPENERS: Readonly<Partial<Record<Context["os"], readonly [command: string, ...args: string[]]>>> = {
  darwin: ["open"],
  windows: ["rundll32", "url.dll,FileProtocolHandler"],
};

/** A browser that starts in the foreground is left running. */
async function openInBrowser({ os, runProgram }: Context, url: string): Promise<boolean> {
  const [command, ...args] = OPENERS[os] ?? ["xdg-open"];
  const result = await runProgram({ command, args: [...args, url], withoutEnv: ["PW_API_KEY"], timeoutMs: 5_000 });
  return result.type === "timed-out" || (result.type === "ended" && result.code === 0);
}
