/** Shows the progress of a run: one live line on a terminal, a line per change elsewhere, or JSON Lines. */

import type { Clock } from "../../clock.ts";
import type { RunEvent } from "../../events.ts";
import type { RunResult } from "../../result.ts";
import { EXIT_CODES } from "../exit_codes.ts";
import type { LiveLine } from "../terminal/live_line.ts";
import type { Output } from "../output.ts";
import type { OnTimeout } from "./wait_options.ts";
import { renderEventLine, renderStatusLine, timeLeftAfter } from "./run_lines.ts";

const FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";

export interface RunViewer extends Disposable {
  show(event: RunEvent): void;
}

export interface RunViewerOptions {
  /** Printed before each line if several runs are tracked at once. */
  readonly label?: string | undefined;
  /** Default: `keep`. */
  readonly onTimeout?: OnTimeout | undefined;
}

type StatusEvent = Extract<RunEvent, { type: "status" }>;

export function viewRun(output: Output, clock: Clock, { label, onTimeout }: RunViewerOptions = {}): RunViewer {
  if (output.mode === "events") {
    return {
      show: (event) =>
        output.event({
          v: 1,
          ...event,
          ...(event.type === "finished" ? { result: resultDocument(event.result) } : {}),
        }),
      [Symbol.dispose]: () => {},
    };
  }
  let latest: StatusEvent & { readonly shownAtMs: number } | undefined;
  let line: LiveLine | undefined;
  let lastChange = "";
  const print = (text: string) => output.log("INFO", label === undefined ? text : text.replace(/^/gm, `${label}: `));
  const endLine = () => {
    line?.[Symbol.dispose]();
    line = undefined;
  };
  const render = () => {
    if (latest === undefined) return "";
    const passedMs = clock.monotonic() - latest.shownAtMs;
    const frame = FRAMES[Math.floor(clock.monotonic() / 1_000) % FRAMES.length];
    const elapsedMs = latest.elapsedMs + passedMs;
    return `${frame} ${renderStatusLine({ ...latest, elapsedMs, timeLeft: timeLeftAfter(latest.timeLeft, passedMs) })}`;
  };
  const showStatus = (event: StatusEvent) => {
    if (event.status !== "running") return;
    latest = { ...event, shownAtMs: clock.monotonic() };
    if (label === undefined) line ??= output.live(clock, render);
    if (line !== undefined) return line.draw();
    // Without a terminal, print a line only if something besides the time has changed.
    const { platformStatus, position } = event;
    const change = `${platformStatus} ${position?.path.join("/")} ${position?.step}`;
    if (change === lastChange) return;
    lastChange = change;
    print(renderStatusLine(event));
  };
  return {
    show(event) {
      if (event.type === "status") return showStatus(event);
      if (event.type === "finished") endLine();
      const text = renderEventLine(event, onTimeout);
      if (text !== undefined) print(text);
    },
    [Symbol.dispose]: endLine,
  };
}

/** A result as JSON, with the exit code of the process. */
export function resultDocument(result: RunResult) {
  return { ...result, exitCode: EXIT_CODES[result.kind] };
}
