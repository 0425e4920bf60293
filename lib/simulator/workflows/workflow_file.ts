import type { JsonObject } from "../../json.ts";
import type { Scenario } from "../scenario.ts";

/** A workflow: its YAML file, and its properties in the account. */
export interface WorkflowFile {
  readonly name: string;
  readonly yaml: string;
  readonly scenario?: Scenario;
  readonly displayName?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly isFavorite?: boolean;
  /** Not the account's own: it needs consent to what it may do. */
  readonly isThirdParty?: boolean;
  /** Markdown. */
  readonly readme?: string;
  /** Inputs by preset name. */
  readonly presets?: Readonly<Record<string, JsonObject>>;
}
