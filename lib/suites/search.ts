/** Searches for regular expressions of users, which may need years for a text. */

import { runInNewContext } from "node:vm";

/** For one search. Nothing else happens meanwhile, not even Ctrl-C. */
const MAX_SEARCH_MS = 5_000;

/**
 * @returns The first match, with its groups; `null` without one, `undefined` if it takes too long or too much memory.
 */
export function searchText(regex: RegExp, text: string): readonly (string | undefined)[] | null | undefined {
  try {
    // Only code in a context of its own has a deadline.
    return runInNewContext("regex.exec(text)", { regex, text }, { timeout: MAX_SEARCH_MS });
  } catch {
    return undefined;
  }
}
