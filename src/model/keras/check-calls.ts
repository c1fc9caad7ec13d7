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
  const callCounts = new Map<string, number>();
  const pending: Pending[] = [];
  for (const layer of layers) {
    if (!isJsonObject(layer) || typeof layer.name !== "string") continue;
    callCounts.set(layer.name, isCalledWhenMade(layer) ? 1 : 0);
    for (const call of Array.isArray(layer.inbound_nodes) ? layer.inbound_nodes : []) {
      pending.push({ layer: layer.name, reads: readsOf(call) });
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

function readsOf(call: unknown): [string, number][] {
  const references: unknown[] = Array.isArray(call) ? call : [];
  return references.flatMap((reference: unknown): [string, number][] => {
    const [layer, index]: unknown[] = Array.isArray(reference) ? reference : [];
    return typeof layer === "string" && typeof index === "number" ? [[layer, index]] : [];
  });
}
