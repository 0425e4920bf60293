import assert from "node:assert/strict";
import { type PageFacts, renderPage } from "../../functions/page.ts";
import { axeSource } from "../deps/axe.ts";
import { type Browser, chromium, type Page } from "../deps/playwright.ts";
import { needing } from "../support/needs.ts";

const NOW_MS = Date.UTC(2026, 0, 5, 9, 30);
const MINUTE_MS = 60_000;
const HOSTILE = `<img src=x onerror="alert(1)">'&"\u001b[31m\u202e</script>`;

const FULL: PageFacts = {
  host: "activate.example",
  timeline: "production",
  nowMs: NOW_MS,
  keepsSchedules: true,
  ticks: { startedMs: NOW_MS - 20_000, tookMs: 840, missed: 2, error: null },
  counts: { completed: 1_204, failed: 17, cancelled: 3, refused: 1 },
  schedules: [
    {
      name: "nightly-benchmark",
      workflow: "simulation-runner",
      cron: "30 2 * * *",
      timeZone: "America/Chicago",
      overlap: "skip",
      isEnabled: true,
      nextMs: [NOW_MS + 7 * 60 * MINUTE_MS],
      results: ["running", "completed", "failed", "skipped", "missed", "cancelled", "unknown", "completed"].map((
        status,
        index,
      ) => ({
        slotMs: NOW_MS - index * 24 * 60 * MINUTE_MS,
        status,
        slug: "simulation-runner-abcdefghijklmnop",
        durationSeconds: 3_723,
        message: status === "failed" ? "step 3 of solve ended with 1" : null,
      })),
    },
    {
      name: "switched-off",
      workflow: "hello-world",
      cron: "0 * * * *",
      timeZone: "UTC",
      overlap: "queue",
      isEnabled: false,
      nextMs: [],
      results: [],
    },
  ],
  open: [{
    workflow: "simulation-runner",
    slug: "simulation-runner-abcdefghijklmnop",
    status: "running",
    sinceMs: NOW_MS - 95 * MINUTE_MS,
  }],
  failures: [{
    workflow: "hello-world",
    slug: "hello-world-00046",
    atMs: NOW_MS - 60 * MINUTE_MS,
    message: "exit code 1",
  }],
  reports: [{
    slotId: "nightly-benchmark@2026-01-03T08:30Z",
    kind: "missed",
    atMs: NOW_MS,
    message: "No tick came in time",
  }],
};

const EMPTY: PageFacts = {
  ...FULL,
  ticks: null,
  counts: {},
  schedules: [],
  open: [],
  failures: [],
  reports: [],
};

const STALE: PageFacts = {
  ...FULL,
  ticks: { startedMs: NOW_MS - 60 * MINUTE_MS, tookMs: 1, missed: 59, error: null },
};

Deno.test("the page escapes whatever names and messages hold, everywhere", async () => {
  const hostile = JSON.parse(JSON.stringify(FULL), (_key, value) => typeof value === "string" ? HOSTILE : value);
  const { html } = await renderPage(hostile);
  assert.ok(!html.includes("<img"), html);
  // deno-lint-ignore no-control-regex -- it is controls that must not be there
  assert.ok(!/[\u0000-\u0008\u000b-\u001f\u202e]/.test(html));
  assert.equal(html.match(/<\/script>/g)?.length, 1);
});

Deno.test("the page says what to do where there is nothing, and what is wrong where the ticks stay away", async () => {
  const { html } = await renderPage(EMPTY);
  for (const words of ["functions/schedules.ts", "Nothing is running", "No recent run failed"]) {
    assert.ok(html.includes(words), words);
  }
  assert.match((await renderPage(STALE)).html, /No tick has come since .*schedules are not kept/);
});

const FIND_VIOLATIONS = "axe.run().then(({violations}) => violations.map(({id, nodes}) => id + ' ' + nodes[0].html))";
const missing = await chromiumMissing();
const PAGES = { full: FULL, empty: EMPTY, stale: STALE };

/** Older runtimes lack what the driver's socket needs. The page is the same text there. */
const [major = 0, minor = 0] = Deno.version.deno.split(".").map(Number);
const WIDTHS = major > 2 || minor >= 9 ? [1280, 400] : [];

for (const width of WIDTHS) {
  for (const colorScheme of ["light", "dark"] as const) {
    for (const javaScriptEnabled of [true, false]) {
      const script = javaScriptEnabled ? "with" : "without";
      Deno.test({
        ...needing(
          `at ${width} px, ${colorScheme}, ${script} script, the page is whole, and nothing keeps people out`,
          missing,
        ),
        // The browser's own processes outlive a close by a moment.
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
              // What is evaluated runs even where the page's own script may not.
              const isScrolling = "document.documentElement.scrollWidth > document.documentElement.clientWidth";
              assert.equal(await page.evaluate(isScrolling), false, `${name} scrolls sideways`);
              // Its timers stand still where scripts may not run; the page is the same.
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

interface Look {
  readonly width: number;
  readonly colorScheme: "light" | "dark";
  readonly javaScriptEnabled: boolean;
}

async function inBrowser(look: Look, act: (page: Page, url: string) => Promise<void>): Promise<void> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async ({ url }) => {
    const facts = Object.entries(PAGES).find(([name]) => new URL(url).pathname === `/${name}`)?.[1];
    if (facts === undefined) return new Response(null, { status: 204 });
    const { html, contentSecurityPolicy } = await renderPage(facts);
    const headers = { "content-type": "text/html; charset=utf-8", "content-security-policy": contentSecurityPolicy };
    return new Response(html, { headers });
  });
  await using browser = await openBrowser();
  try {
    const context = await browser.browser.newContext({
      viewport: { width: look.width, height: 900 },
      colorScheme: look.colorScheme,
      javaScriptEnabled: look.javaScriptEnabled,
      bypassCSP: false,
    });
    await act(await context.newPage(), `http://127.0.0.1:${server.addr.port}`);
    await context.close();
  } finally {
    await server.shutdown();
  }
}

async function openBrowser(): Promise<{ readonly browser: Browser } & AsyncDisposable> {
  const folder = await Deno.makeTempDir();
  const child = new Deno.Command("chromium", {
    args: [
      "--headless=new",
      "--no-sandbox",
      "--disable-gpu",
      "--no-first-run",
      "--remote-debugging-port=0",
      `--user-data-dir=${folder}`,
      "about:blank",
    ],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const deadline = setTimeout(() => child.kill("SIGKILL"), 60_000);
  const browser = await chromium.connectOverCDP(await addressIn(`${folder}/DevToolsActivePort`));
  return {
    browser,
    async [Symbol.asyncDispose]() {
      await browser.close();
      child.kill("SIGKILL");
      await child.status;
      clearTimeout(deadline);
      await Deno.remove(folder, { recursive: true }).catch(() => {});
    },
  };
}

/** The browser writes it once it listens: its port, then the path of its socket. */
async function addressIn(path: string): Promise<string> {
  for (let tries = 0; tries < 300; tries++) {
    try {
      const [port = "", socket = ""] = (await Deno.readTextFile(path)).split("\n");
      if (socket !== "") return `ws://127.0.0.1:${port}${socket}`;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("the browser does not listen");
}

async function chromiumMissing(): Promise<string | undefined> {
  try {
    const { success } = await new Deno.Command("chromium", { args: ["--version"], stdout: "null", stderr: "null" })
      .output();
    return success ? undefined : "chromium does not work here";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "chromium is not there";
    throw error;
  }
}
