/** A real browser for testing pages: the Chromium that is installed on the machine. */

import type { Browser, Page } from "../deps/playwright.ts";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** @returns What is missing; `undefined` when a browser is installed. */
export async function browserMissing(): Promise<string | undefined> {
  return await findBrowser() === undefined ? "Chromium is not installed" : undefined;
}

/** Headless. */
export async function openBrowser(): Promise<Browser> {
  const { chromium } = await import("../deps/playwright.ts");
  const executablePath = await findBrowser();
  if (executablePath === undefined) throw new Error("Chromium is not installed");
  // Chromium's sandbox needs privileges that containers lack; it opens only our own pages.
  return await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

/** `waitForFunction` evaluates its text in the page, where a policy of the page may refuse that: this one evaluates it outside. */
export async function waitUntil(page: Page, expression: string): Promise<void> {
  const deadlineMs = performance.now() + 30_000;
  while (await page.evaluate(expression) !== true) {
    if (performance.now() > deadlineMs) throw new Error(`Still false after 30 s: ${expression}`);
    await page.waitForTimeout(20);
  }
}

async function findBrowser(): Promise<string | undefined> {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    for (const name of NAMES) {
      const path = `${folder}/${name}`;
      if (await isFile(path)) return path;
    }
  }
  return undefined;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch (error) {
    const { NotFound, NotADirectory, PermissionDenied } = Deno.errors;
    if ([NotFound, NotADirectory, PermissionDenied].some((kind) => error instanceof kind)) return false;
    throw error;
  }
}
