/** A real browser for testing pages: the Chromium that is installed on the machine. */

import type { Browser } from "../deps/playwright.ts";

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
