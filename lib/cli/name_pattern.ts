/** Whether one of the names matches: a part of it, or with `*` or `?` the full name. Ignores case. */
export function matchesPattern(pattern: string, names: readonly string[]): boolean {
  const lowerCasePattern = pattern.toLowerCase();
  const lowerCaseNames = names.map((name) => name.toLowerCase());
  if (!/[*?]/.test(lowerCasePattern)) return lowerCaseNames.some((name) => name.includes(lowerCasePattern));
  const glob = new RegExp(
    `^${lowerCasePattern.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".")}$`,
  );
  return lowerCaseNames.some((name) => glob.test(name));
}
