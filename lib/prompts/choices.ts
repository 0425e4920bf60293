/** The choices of each prompt, labeled and in order. Pure. */

import { formatDuration } from "../duration.ts";
import { oneLine } from "../escape.ts";
import { type Run, type RunId, runIdOf } from "../run.ts";
import type { Cluster } from "../cluster.ts";
import type { Preset, Workflow } from "../workflow.ts";
import type { PromptChoice } from "./prompter.ts";

/** Favorites first, then by name; numbered, so that typing a number selects. */
export function workflowChoices(workflows: readonly Workflow[]): PromptChoice<string>[] {
  return [...workflows]
    .sort((a, b) => Number(b.isFavorite) - Number(a.isFavorite) || (a.name < b.name ? -1 : 1))
    .map(({ name, description, isFavorite }, index) => ({
      value: name,
      label: `${index + 1}. ${name}${isFavorite ? " ★" : ""}`,
      ...(description === null ? {} : { hint: description }),
    }));
}

/** A number matches only the choice with that number; other text matches any part of the label. */
export function matchesSearch(search: string, label: string): boolean {
  const query = search.trim().toLowerCase();
  if (/^\d+$/.test(query) && /^\d+\. /.test(label)) return label.startsWith(`${query}. `);
  return label.toLowerCase().includes(query);
}

/** In the platform's order; numbered, so that typing a number selects. */
export function runChoices(runs: readonly Run[], nowMs: number): PromptChoice<RunId>[] {
  return runs.map((run, index) => {
    const { slug, workflowName, number, status, createdAt } = run;
    const name = number === null ? slug ?? "" : `${workflowName ?? ""}#${number}`;
    const ageMs = Math.max(0, nowMs - Date.parse(createdAt ?? ""));
    return {
      value: runIdOf(run),
      label: oneLine(`${index + 1}. ${name}  ${status}`),
      ...(Number.isNaN(ageMs) ? {} : { hint: `started ${formatDuration(ageMs)} ago` }),
    };
  });
}

export type InputMethod = "file" | "manual" | "last-run" | Preset;

export function inputMethods(
  presets: readonly Preset[],
  { hasLastRun }: { readonly hasLastRun: boolean },
): PromptChoice<InputMethod>[] {
  const methods: PromptChoice<InputMethod>[] = [
    { value: "file", label: "Load from JSON file" },
    { value: "manual", label: "Enter manually" },
    ...presets.map((preset) => ({ value: preset, label: `Start from preset ${preset.name}` })),
  ];
  if (hasLastRun) methods.push({ value: "last-run", label: "Start from the inputs of the last run" });
  return methods.map(({ value, label }, index) => ({ value, label: `${index + 1}. ${label}` }));
}

/** Active clusters first. The value `null` is for a name to be typed, `""` for none. */
export function clusterChoices(
  clusters: readonly Cluster[],
  { allowsWorkspace, isOptional }: { readonly allowsWorkspace: boolean; readonly isOptional: boolean },
): PromptChoice<string | null>[] {
  const listed = [...clusters]
    .sort((a, b) => Number(b.status === "active") - Number(a.status === "active") || (a.name < b.name ? -1 : 1))
    .map(({ name, status, displayName }) => ({
      value: name,
      label: name,
      hint: displayName === null || displayName === name ? status : `${status}, ${displayName}`,
    }));
  return [
    ...listed,
    ...(allowsWorkspace ? [{ value: "workspace", label: "workspace", hint: "your own" }] : []),
    { value: null, label: "Other (enter a name)" },
    ...(isOptional ? [{ value: "", label: "None" }] : []),
  ];
}
