/** How a server ends: on the first signal, and in time. */

import { systemClock } from "../clock.ts";

/** Deno Deploy kills a process five seconds after its signal, Docker after ten. */
const MAX_SHUTDOWN_MS = 4_500;

/** systemd and Ctrl-C send a signal to all processes, and `deno task` passes its own on: both are one request to stop. */
const SAME_STOP_MS = 1_000;

/**
 * A signal that aborts on SIGINT or SIGTERM: ticks and waiting requests end. Another one, a second later, terminates the
 * process, as it would without this handler.
 */
export function closingOnSignals() {
  const controller = new AbortController();
  const started = Promise.withResolvers<void>();
  const signals: readonly Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  const stop = () => signals.forEach((name) => Deno.removeSignalListener(name, close));
  const close = () => {
    if (controller.signal.aborted) return;
    systemClock.sleep(SAME_STOP_MS, {}).then(stop);
    controller.abort(new DOMException("The server is shutting down", "AbortError"));
    started.resolve();
  };
  for (const name of signals) Deno.addSignalListener(name, close);
  return { signal: controller.signal, started: started.promise, [Symbol.dispose]: stop };
}

/** Requests are answered, a tick releases its lock, then the store is closed: as far as the time suffices. */
export async function shutDown(
  server: Deno.HttpServer,
  ticking: Promise<unknown>,
  closeStore: () => Promise<void>,
): Promise<void> {
  const ended = Promise.allSettled([server.shutdown(), ticking]).then(closeStore);
  await Promise.race([ended, systemClock.sleep(MAX_SHUTDOWN_MS, {})]);
}
