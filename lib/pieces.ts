/** Text that arrives in pieces. */

/** Changes pieces of text, in their order. */
export interface PieceMapper {
  /** What is complete; the rest is held. */
  add(piece: string): string;
  /** What was held. */
  end(): string;
}

/** A stage of a stream, without the queues and promises of a `TransformStream`: they take longer than most mappers. */
export function mapPieces(source: ReadableStream<string>, mapper: PieceMapper): ReadableStream<string> {
  const reader = source.getReader();
  return new ReadableStream({
    async pull(controller) {
      try {
        for (let text = ""; text === "";) {
          const { done, value } = await reader.read();
          text = done ? mapper.end() : mapper.add(value);
          if (text !== "") controller.enqueue(text);
          if (done) return controller.close();
        }
      } catch (error) {
        await reader.cancel(error);
        throw error;
      }
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}
