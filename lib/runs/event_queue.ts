/** Events that several loops push and one generator yields. */
export interface EventQueue<T> extends AsyncIterable<T> {
  push(event: T): void;
  /** Ends the iteration once all events are consumed. */
  close(): void;
}

export function createEventQueue<T>(): EventQueue<T> {
  const events: T[] = [];
  let isClosed = false;
  let wake = () => {};
  return {
    push(event) {
      events.push(event);
      wake();
    },
    close() {
      isClosed = true;
      wake();
    },
    async *[Symbol.asyncIterator]() {
      while (true) {
        yield* events.splice(0);
        if (events.length > 0) continue;
        if (isClosed) return;
        await new Promise<void>((resolve) => wake = resolve);
      }
    },
  };
}
