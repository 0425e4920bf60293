/** `-o yaml`. Loads the package only then. */

import { stringify } from "../deps/yaml.ts";

/**
 * Also correct for readers of YAML 1.1, where `no` and `on` are booleans. Quoted texts are as in JSON, on one line, so that
 * secrets in them are found and masked.
 */
export function formatYaml(value: unknown): string {
  return stringify(value, {
    lineWidth: 0,
    compat: "yaml-1.1",
    aliasDuplicateObjects: false,
    blockQuote: false,
    singleQuote: false,
    doubleQuotedAsJSON: true,
  });
}
