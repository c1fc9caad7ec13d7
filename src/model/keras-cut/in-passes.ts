/**
 * Make the calls of layers in the order that TF.js uses when it builds a model: in rounds over the layers as they are listed, each
 * call as soon as its inputs exist. TF.js numbers the calls of a shared layer in this order.
 *
 * @param queues the calls of each layer.
 * @param tryCall makes a call; returns false if its inputs don't exist yet.
 * @returns the calls that could never be made: none for a model without cycles.
 */
export function callInPasses<T>(queues: readonly (readonly T[])[], tryCall: (call: T) => boolean): T[] {
  let waiting = queues;
  for (;;) {
    const next = waiting.map((queue) => queue.filter((call) => !tryCall(call)));
    const left = next.flat();
    if (left.length === 0 || left.length === waiting.flat().length) return left;
    waiting = next.filter((queue) => queue.length > 0);
  }
}
