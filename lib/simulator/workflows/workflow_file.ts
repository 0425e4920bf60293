import type { JsonObject } from "../../json.ts";

/** A workflow as it is kept: its file's text, and what the account says about it. */
export interface WorkflowFile {
  readonly name: string;
  readonly yaml: string;
  readonly displayName?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly isFavorite?: boolean;
  /** Markdown. */
  readonly readme?: string;
  /** Saved inputs by name. */
  readonly presets?: Readonly<Record<string, JsonObject>>;
}
