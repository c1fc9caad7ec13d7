/**
 * Make the calls of layers in the order in which TF.js does when it builds a model: layer after layer as they are listed, each call
 * as soon as its inputs are there, round after round. That order is how TF.js numbers the calls of a shared layer.
 *
 * @param queues the calls of each layer.
 * @param tryCall makes a call; false where its inputs are not there yet.
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
