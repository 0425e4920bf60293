import type { JsonObject } from "./json.ts";

/** A workflow of the account. */
export interface Workflow {
  /** 24 hex digits. */
  readonly id: string;
  /** Unique in the account; requests refer to it. */
  readonly name: string;
  /** `null` if none is set. */
  readonly displayName: string | null;
  /** The author's text; `null` if there is none. */
  readonly description: string | null;
  /** `local` or `remote`. */
  readonly type: string;
  /** Empty if there are none. */
  readonly tags: readonly string[];
  /** True if the user added it to the favorites. */
  readonly isFavorite: boolean;
  /** User name; `null` when the server omits it. */
  readonly owner: string | null;
  /** The parsed workflow file; `null` when the server omits it. */
  readonly yaml: JsonObject | null;
  /** Including the built-in ones. */
  readonly presets: readonly Preset[];
}

/** Named inputs that are saved with a workflow. */
export interface Preset {
  /** Unique within the workflow. */
  readonly name: string;
  /** True if the workflow file itself declares the preset. */
  readonly isBuiltin: boolean;
  /** Unresolved: as they were saved. */
  readonly inputs: JsonObject;
}

/** What a workflow may do on the user's behalf once the user consents. */
export interface Consent {
  /** Names of permissions. */
  readonly permissions: readonly string[];
  /** Names of variables. */
  readonly variables: readonly string[];
}
