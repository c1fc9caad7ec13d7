function createYield(): () => Promise<void> {
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  port1.onmessage = () => waiting.shift()?.();
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      port2.postMessage(undefined);
    });
}

/** Two that take turns, because Node handles no other port for as long as messages keep arriving at one. */
const yields = [createYield(), createYield()] as const;
let yieldCount = 0;

/** Wait until every message that was already posted to this worker has been handled. Unlike a timer, it adds no delay. */
export function yieldMacrotask(): Promise<void> {
  return yields[yieldCount++ % 2]!();
}
