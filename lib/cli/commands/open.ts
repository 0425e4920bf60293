import { option } from "../argv.ts";
import { defineCommand, JSON_OPTION } from "../command.ts";
import { openRunPage } from "../run_page.ts";
import { ONE_OR_PICKED_RUN, openRun } from "../tracking/run_ref.ts";

export const command = defineCommand({
  examples: {
    "pw-workflow-runner open last": "Open the page of the latest run",
    "pw-workflow-runner open hello-world#46 --url 'https://{host}/runs/{slug}' --json":
      "Print its address, from a template",
  },
  notes:
    "Without RUN, at a terminal, you select one of the latest runs. The address comes from --url or PW_RUN_URL: a template " +
    "with {host}, {slug}, {workflow} or {number}. PW_RUN_URL may hold several, separated by spaces: HOST=TEMPLATE is for " +
    "one host only. At a terminal the page opens in the browser; elsewhere only its address is printed.",
  args: {
    ...ONE_OR_PICKED_RUN,
    url: option("TEMPLATE", "Address of a run's page (default PW_RUN_URL)"),
    ...JSON_OPTION,
  },
  async run(call) {
    await using opened = await openRun(call, "open");
    await openRunPage(call, opened.deps.client.host, opened.run, call.values.url);
  },
});
