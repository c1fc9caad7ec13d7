import { isJsonObject } from "../artifacts.js";
import { malformed } from "../malformed.js";

interface Pending {
  readonly layer: string;
  /** The calls that it reads, by layer and index of the call. */
  readonly reads: readonly (readonly [layer: string, call: number])[];
}

/**
 * Refuse a functional model in which a call of a layer waits for another call that never happens: TF.js would wait forever.
 *
 * @param layers of the model's config. Entries that are not references are ignored here; whoever reads them checks them.
 * @throws ShardError "model-malformed" naming the layer.
 * O(calls + references).
 */
export function checkCalls(layers: readonly unknown[]): void {
  const named = layers.flatMap((layer) =>
    isJsonObject(layer) && typeof layer.name === "string" ? [{ layer, name: layer.name }] : [],
  );
  const callCounts = new Map(named.map(({ layer, name }) => [name, isCalledWhenMade(layer) ? 1 : 0]));
  const pending: Pending[] = [];
  for (const { layer, name } of named) {
    const calls: unknown = layer.inbound_nodes;
    for (const call of Array.isArray(calls) ? calls : []) {
      pending.push({ layer: name, reads: readsOf(call, callCounts) });
    }
  }
  const waiting = new Map<string, Pending[]>();
  const ready = pending.reverse();
  for (let next = ready.pop(); next !== undefined; next = ready.pop()) {
    const missing = next.reads.find(([layer, call]) => (callCounts.get(layer) ?? 0) <= call);
    if (missing !== undefined) {
      waiting.set(missing[0], [...(waiting.get(missing[0]) ?? []), next]);
      continue;
    }
    callCounts.set(next.layer, (callCounts.get(next.layer) ?? 0) + 1);
    ready.push(...(waiting.get(next.layer) ?? []));
    waiting.delete(next.layer);
  }
  for (const [source, [first]] of waiting) {
    throw malformed(
      `layer "${source.slice(0, 80)}" to make the input of layer "${first!.layer.slice(0, 80)}"`,
      "a model in which it never does",
    );
  }
}

/** An InputLayer has its tensor from the start, and a nested model has already made its call 0. */
function isCalledWhenMade({ class_name: className, config }: Readonly<Record<string, unknown>>): boolean {
  const isModel = Array.isArray(config) || (isJsonObject(config) && Array.isArray(config.layers));
  return className === "InputLayer" || isModel;
}

/** The references in a call, wherever they are: Keras 2 writes lists, Keras 3 `keras_history`. Names of no layer are other values. */
function readsOf(call: unknown, names: ReadonlyMap<string, unknown>, depth = 0): [string, number][] {
  if (isJsonObject(call)) {
    return Object.values(call).flatMap((each) => readsOf(each, names, depth + 1));
  }
  if (!Array.isArray(call)) return [];
  const [layer, index]: unknown[] = call;
  // Right in the list of a call, a name that no layer has is a mistake, and not some value.
  const isReference = typeof layer === "string" && typeof index === "number" && index >= 0;
  if (isReference && (depth === 1 || names.has(layer))) return [[layer, index]];
  return call.flatMap((each: unknown) => readsOf(each, names, depth + 1));
}
