import type { JsonObject } from "../../json.ts";

/** A workflow: its YAML file, and its properties in the account. */
export interface WorkflowFile {
  readonly name: string;
  readonly yaml: string;
  readonly displayName?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly isFavorite?: boolean;
  /** Markdown. */
  readonly readme?: string;
  /** Inputs by preset name. */
  readonly presets?: Readonly<Record<string, JsonObject>>;
}
