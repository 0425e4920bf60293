/** What may be chosen, in words and in order. Pure. */

import type { Cluster } from "../cluster.ts";
import type { Preset, Workflow } from "../workflow.ts";
import type { Choice } from "./prompter.ts";

/** Favourites first, then by name; numbered, so that a number chooses. */
export function workflowChoices(workflows: readonly Workflow[]): Choice<string>[] {
  return [...workflows]
    .sort((a, b) => Number(b.isFavorite) - Number(a.isFavorite) || (a.name < b.name ? -1 : 1))
    .map(({ name, description, isFavorite }, index) => ({
      value: name,
      label: `${index + 1}. ${name}${isFavorite ? " ★" : ""}`,
      ...(description === null ? {} : { hint: description }),
    }));
}

/** A number means the choice that bears it, and no other; letters have to be part of the label. */
export function fitsSearch(search: string, label: string): boolean {
  const wanted = search.trim().toLowerCase();
  if (/^\d+$/.test(wanted) && /^\d+\. /.test(label)) return label.startsWith(`${wanted}. `);
  return label.toLowerCase().includes(wanted);
}

/** How inputs may be given. */
export type InputWay =
  | { readonly type: "file" }
  | { readonly type: "by-hand" }
  | { readonly type: "preset"; readonly preset: Preset }
  | { readonly type: "last-run" };

export function inputWays(
  presets: readonly Preset[],
  { hasLastRun }: { readonly hasLastRun: boolean },
): Choice<InputWay>[] {
  const ways: { readonly way: InputWay; readonly words: string }[] = [
    { way: { type: "file" }, words: "Load from JSON file" },
    { way: { type: "by-hand" }, words: "Enter manually" },
    ...presets.map((preset) => ({
      way: { type: "preset", preset } as const,
      words: `Start from preset ${preset.name}`,
    })),
    ...(hasLastRun ? [{ way: { type: "last-run" } as const, words: "Start from the inputs of the last run" }] : []),
  ];
  return ways.map(({ way, words }, index) => ({ value: way, label: `${index + 1}. ${words}` }));
}

/** Clusters that can be used come first; `null` stands for one that is not in the list. */
export function clusterChoices(
  clusters: readonly Cluster[],
  { allowsWorkspace, isOptional }: { readonly allowsWorkspace: boolean; readonly isOptional: boolean },
): Choice<string | null>[] {
  const names = [...clusters]
    .sort((a, b) => Number(b.status === "active") - Number(a.status === "active") || (a.name < b.name ? -1 : 1))
    .map(({ name, status, displayName }) => ({
      value: name,
      label: name,
      hint: displayName === null ? status : `${status}, ${displayName}`,
    }));
  return [
    ...names,
    ...(allowsWorkspace ? [{ value: "workspace", label: "workspace", hint: "your own" }] : []),
    { value: null, label: "Another one" },
    ...(isOptional ? [{ value: "", label: "None" }] : []),
  ];
}
