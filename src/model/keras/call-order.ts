/** One application of a layer in a functional model. */
export interface OrderedCall {
  readonly key: string;
  readonly layer: string;
  /** Keys of the calls that make its inputs; those of input layers may be among them. */
  readonly sources: readonly string[];
}

/**
 * The calls of a model in the order in which Keras 3 runs them, which counts only where a layer changes what others see
 * (`takesMasks`): by their distance from the outputs, and at one distance in the order in which a walk from the outputs, last output
 * first, meets them. Calls that no output needs come last.
 * Source: `map_graph` in `keras/src/ops/function.py`, Keras 3.15. Oracle: case `k3h5-mha-twice-masked`.
 * @param items of which `callOf` says what they call.
 * @param outputs keys of the calls that make the model's outputs.
 */
export function inRunningOrder<Each>(
  items: readonly Each[],
  callOf: (item: Each) => OrderedCall,
  outputs: readonly string[],
): Each[] {
  const calls = items.map((item) => ({ ...callOf(item), item }));
  const byKey = new Map(calls.map((call) => [call.key, call]));
  const depths = new Map<string, number>();
  const layerDepths = new Map<string, number>();
  for (const call of inputsFirst(byKey, outputs).toReversed()) {
    const depth = Math.max(depths.get(call.key) ?? 0, layerDepths.get(call.layer) ?? 0);
    layerDepths.set(call.layer, depth);
    depths.set(call.key, depth);
    for (const source of call.sources) {
      if (byKey.has(source)) depths.set(source, Math.max(depth + 1, depths.get(source) ?? 0));
    }
  }
  const needed = [...depths].toSorted(([, a], [, b]) => b - a).map(([key]) => byKey.get(key)!);
  return [...needed, ...calls.filter(({ key }) => !depths.has(key))].map(({ item }) => item);
}

/** The calls that the outputs need, each after its sources. Without recursion, since models may be deep. */
function inputsFirst<Each extends OrderedCall>(byKey: ReadonlyMap<string, Each>, outputs: readonly string[]): Each[] {
  const met = new Set<string>();
  const finished: Each[] = [];
  for (const output of outputs) {
    const path: { readonly call: Each; next: number }[] = [];
    const enter = (key: string): void => {
      const call = byKey.get(key);
      if (call === undefined || met.has(key)) return;
      met.add(key);
      path.push({ call, next: 0 });
    };
    enter(output);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const source = top.call.sources[top.next++];
      if (source !== undefined) enter(source);
      else finished.push(path.pop()!.call);
    }
  }
  return finished;
}
