interface Reading<R> {
  readonly result: Promise<R>;
  isSettled: boolean;
}

/**
 * Apply `read` to everything that `source` yields, in its order, with at most `depth` reads at a time. The source is
 * pulled no further ahead than that, and a slow source holds back no finished read.
 *
 * @throws whatever the source or `read` throws.
 */
export async function* readAhead<T, R>(
  source: Iterable<T> | AsyncIterable<T>,
  read: (thing: T, index: number) => Promise<R>,
  depth: number,
): AsyncGenerator<R, void, undefined> {
  const iterator = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  const readings: Reading<R>[] = [];
  let count = 0;
  let pulling: Promise<void> | undefined;
  let isExhausted = false;
  const pull = async (): Promise<void> => {
    const next = await iterator.next();
    if (next.done === true) isExhausted = true;
    else readings.push(start(read(next.value, count++)));
    pulling = undefined;
  };
  try {
    for (;;) {
      if (!isExhausted && readings.length < depth && pulling === undefined) {
        pulling = pull();
        // It is awaited below, unless the consumer leaves.
        pulling.catch(() => {});
      }
      const head = readings[0];
      if (head?.isSettled === true) {
        readings.shift();
        yield await head.result;
      } else if (head !== undefined || pulling !== undefined) {
        const settled = head?.result.then(
          () => {},
          () => {},
        );
        await Promise.race([settled, pulling].filter((each) => each !== undefined));
      } else {
        return;
      }
    }
  } finally {
    if (!isExhausted) void close(iterator);
  }
}

function start<R>(result: Promise<R>): Reading<R> {
  const reading: Reading<R> = { result, isSettled: false };
  const settle = (): void => void (reading.isSettled = true);
  result.then(settle, settle);
  return reading;
}

/** An error of the source while it closes does not concern the consumer. */
async function close(iterator: Iterator<unknown> | AsyncIterator<unknown>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // The consumer no longer waits for it.
  }
}
