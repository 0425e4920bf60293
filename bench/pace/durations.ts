/** The distributions of durations that polling is measured with, and what is expected of it. */

import { type Draw, normal } from "./simulate.ts";

export interface Distribution {
  readonly name: string;
  readonly draw: Draw;
  /** Delay in noticing the end, compared with the base schedule. */
  readonly maxDelay: number;
  /** Requests, compared with the base schedule. */
  readonly maxRequests: number;
}

const MIN_DURATION_MS = 1_000;

export const DISTRIBUTIONS: readonly Distribution[] = [
  { name: "constant", draw: (meanMs) => meanMs, maxDelay: 0.1, maxRequests: 1 },
  { name: "two durations, each ± 2 %", draw: twoModes, maxDelay: 0.2, maxRequests: 1 },
  { name: "normal, ± 10 %", draw: spread(0.1), maxDelay: 0.25, maxRequests: 1 },
  { name: "normal, ± 30 %", draw: spread(0.3), maxDelay: 0.55, maxRequests: 1 },
  {
    name: "lognormal, σ = 1",
    draw: (meanMs, random) => meanMs * Math.exp(normal(random) - 0.5),
    maxDelay: 1,
    maxRequests: 1.05,
  },
  {
    name: "Pareto, α = 1.5",
    draw: (meanMs, random) => meanMs / 3 * (1 - random()) ** (-1 / 1.5),
    maxDelay: 1,
    maxRequests: 1.05,
  },
];

function spread(deviation: number): Draw {
  return (meanMs, random) => Math.max(MIN_DURATION_MS, meanMs * (1 + deviation * normal(random)));
}

function twoModes(meanMs: number, random: () => number): number {
  return spread(0.02)(meanMs * (random() < 0.5 ? 0.5 : 1.5), random);
}
