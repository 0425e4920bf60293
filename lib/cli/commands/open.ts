import { findRun } from "../../runs/find.ts";
import { option } from "../argv.ts";
import { defineCommand, JSON_OPTION } from "../command.ts";
import { openDeps } from "../open.ts";
import { openRunPage, runPageTemplate, runPageUrl } from "../run_page.ts";
import { historyFor, ONE_RUN, parseOneRun } from "../tracking/run_ref.ts";

export const command = defineCommand({
  examples: {
    "pw-workflow-runner open last": "Open the page of the latest run",
    "pw-workflow-runner open hello-world#46 --url 'https://{host}/runs/{slug}' --json":
      "Print its address, from a template",
  },
  notes:
    "The address comes from --url or PW_RUN_URL: a template with {host}, {slug}, {workflow} or {number}. PW_RUN_URL may " +
    "hold several, separated by spaces: HOST=TEMPLATE is for one host only. At a terminal the page opens in the " +
    "browser; elsewhere only its address is printed.",
  args: {
    ...ONE_RUN,
    url: option("TEMPLATE", "Address of a run's page (default PW_RUN_URL)"),
    ...JSON_OPTION,
  },
  async run(call) {
    const { context, signal, values } = call;
    const ref = parseOneRun(values.run);
    await using deps = await openDeps(call, historyFor([ref]));
    const { host } = deps.client;
    const template = values.url ?? runPageTemplate(context.env("PW_RUN_URL") ?? "", host);
    const run = await deps.client.getRun(await findRun(deps, ref, { signal }), { signal });
    await openRunPage(call, runPageUrl(template, host, run));
  },
});
