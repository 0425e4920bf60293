/** What the engines may touch, handed in at the door. */

import type { Client } from "../platform/client.ts";
import type { Clock } from "../clock.ts";
import type { RunStore } from "../store/run_store.ts";
import type { Log } from "../log.ts";

/** What every engine works with. */
export interface Deps {
  /** The platform. */
  readonly client: Client;
  /** What is remembered. */
  readonly store: RunStore;
  /** Where time comes from. */
  readonly clock: Clock;
  /** In [0, 1), like `Math.random`. */
  readonly random: () => number;
  /** Told what is odd, by level. */
  readonly log: Log;
}
