// Models that come and go in one worker of any engine.
import { openEntry, type EntryName } from "../../src/pool/worker-entries.js";
import type { ModelArtifacts } from "../../src/model/artifacts.js";
import type { WorkerMemory } from "../../src/protocol/worker-api.js";
import { readModel } from "../../src/sharder/read-model.js";
import { request } from "../contract/requests.js";
import { valueOf } from "../contract/check.js";

/**
 * Load a model of one input, run it for the batches given, and unload it, again and again.
 * @param sizes of an item
 * @returns what the worker holds after each time
 */
export async function reloadAgainAndAgain(
  entry: EntryName,
  model: ModelArtifacts,
  sizes: readonly number[],
  batches: readonly number[],
  count: number,
): Promise<WorkerMemory[]> {
  const { info, wire } = await readModel({ model }, globalThis.crossOriginIsolated);
  const [input] = info.inputs;
  const link = openEntry(entry, `reload-${entry}`);
  const { api } = link;
  const found: WorkerMemory[] = [];
  try {
    valueOf(await api.start({ workerId: entry }));
    for (let time = 0; time < count; time++) {
      const modelKey = `model ${time}`;
      valueOf(await api.load(modelKey, wire));
      for (const itemCount of batches) {
        const shape = [itemCount, ...sizes];
        const data = new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(1);
        const tensor = { dtype: "float32", shape, data } as const;
        const inputs = { [input!.name]: { kind: "dense", tensor, itemShape: [1, ...sizes] } } as const;
        valueOf(await api.run(request(itemCount, inputs, { modelKey })));
      }
      valueOf(await api.unload(modelKey));
      found.push(valueOf(await api.memory()));
    }
  } finally {
    link.close();
  }
  return found;
}
