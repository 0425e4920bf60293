/** Events that several loops push and one generator yields. */
export function createEventQueue<T>() {
  const events: T[] = [];
  let isClosed = false;
  let wake = () => {};
  return {
    push(event: T) {
      events.push(event);
      wake();
    },
    /** Ends the iteration once all events are consumed. */
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
