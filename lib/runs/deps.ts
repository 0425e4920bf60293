import type { Client } from "../platform/client.ts";
import type { Clock } from "../clock.ts";
import type { RunStore } from "../store/run_store.ts";
import type { Log } from "../log.ts";

/** The dependencies of the functions that submit and track runs. */
export interface Deps {
  /** Its credential decides the server and the user. */
  readonly client: Client;
  /** Where submissions are stored before they are sent. */
  readonly store: RunStore;
  /** The source of time for waits, deadlines and timestamps. */
  readonly clock: Clock;
  /** Returns a number in [0, 1), like `Math.random`. */
  readonly random: () => number;
  /** Receives warnings that are not events, such as a store that cannot be written after the submit. */
  readonly log: Log;
}
