/** What the engines may touch, handed in at the door. */

import type { Client } from "../client/client.ts";
import type { Clock } from "../clock.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Log } from "../log.ts";

export interface Deps {
  readonly client: Client;
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** In [0, 1), like `Math.random`. */
  readonly random: () => number;
  readonly log: Log;
}
