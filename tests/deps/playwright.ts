// Drives a browser that is there. For tests alone.
export { type Browser, chromium, type Page } from "npm:playwright-core@1.65.1";
