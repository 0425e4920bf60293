import assert from "node:assert/strict";
import { renderStatusPage } from "../../../lib/server/pages/status_page.ts";
import type { PageFacts } from "../../../lib/server/pages/facts.ts";
import { axeSource } from "../../deps/axe.ts";
import type { Page } from "../../deps/playwright.ts";
import { browserMissing, openBrowser } from "../../support/browser.ts";
import { needing } from "../../support/needs.ts";

const NOW_MS = Date.UTC(2026, 0, 5, 9, 30);
const MINUTE_MS = 60_000;
const HOSTILE = `<img src=x onerror="alert(1)">'&"\u001b[31m\u202e</script>`;

const FULL: PageFacts = {
  host: "activate.example",
  timeline: "production",
  nowMs: NOW_MS,
  needsTicks: true,
  ticks: { startedMs: NOW_MS - 20_000, tookMs: 840, missed: 2, error: null },
  counts: { completed: 1_204, failed: 17, cancelled: 3, rejected: 1 },
  schedules: [
    {
      name: "nightly-benchmark",
      workflow: "simulation-runner",
      suite: null,
      cron: "30 2 * * *",
      timeZone: "America/Chicago",
      overlap: "skip",
      isEnabled: true,
      nextMs: [NOW_MS + 7 * 60 * MINUTE_MS],
      waiting: 0,
      results: ["running", "completed", "failed", "skipped", "missed", "cancelled", "unknown", "completed"].map((
        status,
        index,
      ) => ({
        scheduledAtMs: NOW_MS - index * 24 * 60 * MINUTE_MS,
        status,
        slug: "simulation-runner-abcdefghijklmnop",
        durationSeconds: 3_723,
        message: status === "failed" ? "step 3 of solve ended with 1" : null,
      })),
    },
    {
      name: "switched-off",
      workflow: "hello-world",
      suite: null,
      cron: "0 * * * *",
      timeZone: "UTC",
      overlap: "queue",
      isEnabled: false,
      nextMs: [],
      waiting: 0,
      results: [],
    },
  ],
  openCount: 1,
  open: [{
    id: "abcdefghijklmnop",
    workflow: "simulation-runner",
    displayName: "Wing section, 12M cells",
    slug: "simulation-runner-abcdefghijklmnop",
    status: "running",
    sinceMs: NOW_MS - 95 * MINUTE_MS,
  }],
  failures: [{
    id: "qrstuvwxyzabcdef",
    workflow: "hello-world",
    displayName: null,
    slug: "hello-world-00046",
    status: "failed",
    atMs: NOW_MS - 60 * MINUTE_MS,
    message: "exit code 1",
    logs: [{
      step: "solve › decompose",
      lines: [
        "--> FATAL ERROR: cannot find patchField entry for movingWallWithALongNameThatHasToBreakOnANarrowScreen",
        "slurmstepd: error: Detected 1 oom-kill event(s) in StepId=481516.0",
      ],
    }],
  }],
  notifications: [{
    occurrenceId: "nightly-benchmark@2026-01-03T08:30Z",
    kind: "missed",
    createdAtMs: NOW_MS,
    message: "No tick came in time",
  }],
};

const EMPTY: PageFacts = {
  ...FULL,
  ticks: null,
  counts: {},
  schedules: [],
  openCount: 0,
  open: [],
  failures: [],
  notifications: [],
};

const STALE: PageFacts = {
  ...FULL,
  ticks: { startedMs: NOW_MS - 60 * MINUTE_MS, tookMs: 1, missed: 59, error: null },
};

Deno.test("the page escapes names and messages everywhere", async () => {
  const hostile = JSON.parse(JSON.stringify(FULL), (_key, value) => typeof value === "string" ? HOSTILE : value);
  const { html } = await renderStatusPage(hostile);
  assert.ok(!html.includes("<img"), html);
  // deno-lint-ignore no-control-regex -- the test is about control characters
  assert.ok(!/[\u0000-\u0008\u000b-\u001f\u202e]/.test(html));
  assert.equal(html.match(/<\/script>/g)?.length, 1);
});

Deno.test("the page shows the number of active runs if it lists only some", async () => {
  const { html } = await renderStatusPage({ ...FULL, openCount: 1_234 });
  assert.match(html, /Active runs <span class="count">1,234, oldest 1 shown</);
  assert.match(html, /<dd class="value">1,234</);
});

Deno.test("the page explains empty sections, and reports missing ticks", async () => {
  const { html } = await renderStatusPage(EMPTY);
  for (const text of ["functions/schedules.ts", "No active runs", "No failed runs"]) {
    assert.ok(html.includes(text), text);
  }
  assert.match((await renderStatusPage(STALE)).html, /No tick since .*schedules are not running/);
});

const FIND_VIOLATIONS = "axe.run().then(({violations}) => violations.map(({id, nodes}) => id + ' ' + nodes[0].html))";
const missing = await browserMissing();
const PAGES = { full: FULL, empty: EMPTY, stale: STALE };

for (const width of [1280, 400]) {
  for (const colorScheme of ["light", "dark"] as const) {
    for (const javaScriptEnabled of [true, false]) {
      const script = javaScriptEnabled ? "with" : "without";
      Deno.test({
        ...needing(
          `at ${width} px, ${colorScheme}, ${script} script, the page is complete and accessible`,
          missing,
        ),
        // The browser's processes end shortly after it is closed.
        sanitizeOps: false,
        sanitizeResources: false,
        async fn() {
          await inBrowser({ width, colorScheme, javaScriptEnabled }, async (page, url) => {
            for (const name of Object.keys(PAGES)) {
              const problems: string[] = [];
              page.on("console", (message) => void problems.push(message.text()));
              page.on("pageerror", (error) => void problems.push(String(error)));
              await page.goto(`${url}/${name}`);
              assert.match(await page.textContent("h1") ?? "", /Workflow runs/);
              assert.deepEqual(problems, []);
              if (name === "full") assert.match(await page.textContent("main") ?? "", /nightly-benchmark/);
              // Includes the contents of <details>.
              if (javaScriptEnabled) {
                await page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
              }
              // evaluate() works even if the page's own script is disabled.
              const isScrolling = "document.documentElement.scrollWidth > document.documentElement.clientWidth";
              assert.equal(await page.evaluate(isScrolling), false, `${name} scrolls sideways`);
              // axe needs timers, which don't run without script; the page is the same.
              if (javaScriptEnabled) {
                await page.evaluate(`${axeSource};0`);
                assert.deepEqual(await page.evaluate(FIND_VIOLATIONS), [], name);
              }
              const shots = Deno.env.get("PAGE_SHOTS");
              if (shots !== undefined) {
                await page.screenshot({
                  path: `${shots}/${name}-${width}-${colorScheme}-${script}.png`,
                  fullPage: true,
                });
              }
            }
          });
        },
      });
    }
  }
}

Deno.test({
  ...needing("the page refreshes itself, but not while the user reads in it", missing),
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const shown = [FULL, { ...FULL, openCount: 0, open: [] }, FULL];
    await inBrowser({ width: 1280, colorScheme: "light", javaScriptEnabled: true }, async (page, url) => {
      await page.clock.install();
      await page.goto(`${url}/changing`);
      assert.equal(await page.getByText("No active runs").count(), 0);
      await page.clock.runFor(31_000);
      await page.getByText("No active runs").waitFor();
      await page.locator("summary").click();
      await page.clock.runFor(31_000);
      assert.equal(await page.getByText("No active runs").count(), 1);
      assert.equal(shown.length, 1);
    }, (path) => path === "/changing" ? shown.shift() : undefined);
  },
});

Deno.test({
  ...needing("a page that cannot refresh itself shows that until it can", missing),
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await inBrowser({ width: 1280, colorScheme: "light", javaScriptEnabled: true }, async (page, url) => {
      await page.clock.install();
      await page.goto(`${url}/full`);
      const title = await page.title();
      const note = page.getByText("Cannot refresh: the server is unavailable");
      for (const status of [503, null]) {
        await page.route("**/full", (route) => status === null ? route.abort() : route.fulfill({ status }));
        await page.clock.runFor(31_000);
        await note.waitFor();
        assert.equal(await page.title(), `! ${title}`);
        await page.clock.runFor(31_000);
        assert.equal(await note.count(), 1);
        await page.unroute("**/full");
        await page.clock.runFor(31_000);
        await note.waitFor({ state: "detached" });
        assert.equal(await page.title(), title);
      }
    });
  },
});

Deno.test({
  ...needing("names, messages and logs are shown and not executed in a browser", missing),
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const text = `"'></title></style></script><script>globalThis.hacked=1</script><img src=x onerror=hacked=1>`;
    const hostile: PageFacts = JSON.parse(
      JSON.stringify(FULL),
      (_key, value) => typeof value === "string" ? text : value,
    );
    await inBrowser({ width: 1280, colorScheme: "light", javaScriptEnabled: true }, async (page, url) => {
      await page.goto(`${url}/hostile`);
      assert.equal(await page.evaluate("typeof hacked"), "undefined");
      assert.deepEqual([await page.locator("img").count(), await page.locator("script").count()], [0, 1]);
      assert.ok((await page.locator("main").innerText()).includes(text));
    }, (path) => path === "/hostile" ? hostile : undefined);
  },
});

interface BrowserOptions {
  readonly width: number;
  readonly colorScheme: "light" | "dark";
  readonly javaScriptEnabled: boolean;
}

async function inBrowser(
  options: BrowserOptions,
  act: (page: Page, url: string) => Promise<void>,
  factsAt: (path: string) => PageFacts | undefined = (path) =>
    Object.entries(PAGES).find(([name]) => path === `/${name}`)?.[1],
): Promise<void> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async ({ url }) => {
    const facts = factsAt(new URL(url).pathname);
    if (facts === undefined) return new Response(null, { status: 204 });
    const { html, contentSecurityPolicy } = await renderStatusPage(facts);
    const headers = { "content-type": "text/html; charset=utf-8", "content-security-policy": contentSecurityPolicy };
    return new Response(html, { headers });
  });
  await using browser = await openBrowser();
  try {
    const context = await browser.newContext({
      viewport: { width: options.width, height: 900 },
      colorScheme: options.colorScheme,
      javaScriptEnabled: options.javaScriptEnabled,
      bypassCSP: false,
    });
    await act(await context.newPage(), `http://127.0.0.1:${server.addr.port}`);
    await context.close();
  } finally {
    await server.shutdown();
  }
}
