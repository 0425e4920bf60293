import type { JsonObject } from "./json.ts";

/** A workflow as the account holds it. */
export interface Workflow {
  /** 24 hex digits. */
  readonly id: string;
  /** What it is called by. */
  readonly name: string;
  /** What people read. */
  readonly displayName: string | null;
  /** What it does, in its author's words. */
  readonly description: string | null;
  /** `local` or `remote`. */
  readonly type: string;
  /** What it is filed under. */
  readonly tags: readonly string[];
  /** Whether the user marked it. */
  readonly isFavorite: boolean;
  /** Whose it is. */
  readonly owner: string | null;
  /** The parsed workflow file, `null` when the server left it out. */
  readonly yaml: JsonObject | null;
  /** Saved inputs, built-in ones included. */
  readonly presets: readonly Preset[];
}

/** Inputs saved under a name, with the workflow. */
export interface Preset {
  /** What it is called by. */
  readonly name: string;
  /** True for one that the workflow file itself brings. */
  readonly isBuiltin: boolean;
  /** As they are saved. */
  readonly inputs: JsonObject;
}

/** What a workflow wants to do in the user's name. */
export interface Consent {
  /** By name. */
  readonly permissions: readonly string[];
  /** By name. */
  readonly variables: readonly string[];
}
