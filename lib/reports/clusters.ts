/** Groups failures that have the same reason. Pure. */

import { normalizedMessage } from "../normalized_message.ts";
import { reasonsOf, worstFirst } from "./cases.ts";
import type { ReportCase } from "./report.ts";

export interface FailureCluster {
  /** With `…` for what differs between its cases. */
  readonly message: string;
  /** Places in the list of cases. */
  readonly cases: readonly number[];
  /** Where most of them ran, like `4 of 5 on cluster-a`; `null` if they have no place in common. */
  readonly where: string | null;
}

/** The largest first. */
export function failureClusters(cases: readonly ReportCase[]): readonly FailureCluster[] {
  const failed = worstFirst(cases);
  const places = new Map(cases.map((one, index) => [one, index]));
  const groups = Map.groupBy(failed, (one) => normalizedMessage(messageOf(one), namesOf(one)));
  return [...groups].map(([normalized, members]) => {
    return {
      message: commonText(members.map(messageOf)) ?? normalized,
      cases: members.map((one) => places.get(one) ?? 0),
      where: placeOf(members),
    };
  }).toSorted((a, b) => b.cases.length - a.cases.length);
}

function messageOf(one: ReportCase): string {
  return (reasonsOf(one)[0] ?? one.verdict).split("\n", 1).join().trim();
}

/** The words that all have, with `…` for the others; `undefined` if the numbers of words differ. */
function commonText(messages: readonly string[]): string | undefined {
  const [first = [], ...others] = [...new Set(messages)].map((message) => message.split(/(\s+)/));
  if (others.some(({ length }) => length !== first.length)) return undefined;
  return first.map((word, index) => others.every((other) => other[index] === word) ? word : "\u2026").join("");
}

function namesOf({ attempts, name }: ReportCase): readonly string[] {
  return [name, ...attempts.flatMap(({ slug }) => slug ?? [])];
}

function placeOf(members: readonly ReportCase[]): string | null {
  const counts = new Map<string, number>();
  for (const { attempts } of members) {
    for (const resource of new Set(attempts.at(-1)?.resources)) counts.set(resource, (counts.get(resource) ?? 0) + 1);
  }
  const [most] = [...counts].toSorted(([, a], [, b]) => b - a);
  if (most === undefined || most[1] * 2 <= members.length) return null;
  const [resource, count] = most;
  return `${count === members.length ? "all" : `${count} of ${members.length}`} on ${resource}`;
}
