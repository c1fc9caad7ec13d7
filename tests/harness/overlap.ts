// What a GPU backend does, and in which order, while two shards are in flight: with a real engine, in the page, so that it can be watched.
import { inspectModel } from "../../src/model/inspect-model.js";
import type { RunRequest } from "../../src/protocol/worker-api.js";
import type { Engine } from "../../workers/runtime/engine.js";
import { createWorkerApi } from "../../workers/runtime/create-worker-api.js";
import { valueOf } from "../contract/check.js";
import { request } from "../contract/requests.js";
import { ConstantNet } from "../fixtures/constant-nets.js";

export type GpuBackend = "webgpu" | "webgl";
export type GpuEvent = "submit" | "reading" | "read" | "answered" | "wrong" | "aborted";

const KEY = "overlap";

/** Shards that are sent at once. */
export interface ShardsAtOnce {
  readonly count: number;
  /** The index of one that is cancelled at once. */
  readonly cancelled?: number;
}

/** Run shards on one engine. @returns what happened in each of the rounds. */
export async function overlapEvents(backend: GpuBackend, rounds: readonly ShardsAtOnce[]): Promise<GpuEvent[][]> {
  const { engine } = await engineOn(backend);
  const api = createWorkerApi(engine, () => {});
  const net = new ConstantNet([1, 16, 16, 4]).conv(3, 4, 4).negate();
  const runRound = async ({ count, cancelled }: ShardsAtOnce): Promise<GpuEvent[]> => {
    const events: GpuEvent[] = [];
    const unwatch = watch(backend, events);
    const requests = Array.from({ length: count }, shard);
    const answers = requests.map(async (one) => {
      const answer = await api.run(one);
      if (!answer.ok) return void events.push("aborted");
      const areRight = Object.values(answer.value.outputs).every(
        (output) => output.kind === "dense" && [...(output.tensor.data as Float32Array)].every((v) => v === net.value),
      );
      events.push(areRight ? "answered" : "wrong");
    });
    if (cancelled !== undefined) await api.cancel([requests[cancelled]!.attemptId]);
    await Promise.all(answers);
    unwatch();
    return events;
  };
  try {
    valueOf(await api.start({ workerId: backend }));
    valueOf(await api.load(KEY, inspectModel(net.artifacts(), true).wire));
    // Compiles.
    valueOf(await api.run(shard()));
    const found: GpuEvent[][] = [];
    for (const round of rounds) found.push(await runRound(round));
    return found;
  } finally {
    await api.stop();
  }
}

function shard(): RunRequest {
  const tensor = { dtype: "float32", shape: [2, 16, 16, 4], data: new Float32Array(2_048).fill(1) } as const;
  const x = { kind: "dense", tensor: { ...tensor, shape: [...tensor.shape] }, itemShape: [1, 16, 16, 4] } as const;
  return request(2, { x: { ...x, itemShape: [...x.itemShape] } }, { modelKey: KEY });
}

/** Loaded here, since a page has one backend of TF.js at a time. */
async function engineOn(backend: GpuBackend): Promise<{ engine: Engine }> {
  const { tfjsEngine } = await import("../../workers/engines/tfjs/engine.js");
  if (backend === "webgpu") {
    const { webgpuDriver } = await import("../../workers/engines/tfjs/webgpu.js");
    return { engine: tfjsEngine(webgpuDriver) };
  }
  const { webglDriver } = await import("../../workers/engines/tfjs/webgl.js");
  return { engine: tfjsEngine(webglDriver) };
}

/** Note work that goes to the GPU, and waits for what it has computed. @returns ends that. */
function watch(backend: GpuBackend, events: GpuEvent[]): () => void {
  if (backend === "webgpu") {
    const undo = [
      around(GPUQueue.prototype, "submit", () => events.push("submit")),
      around(GPUBuffer.prototype, "mapAsync", (mapped) => {
        events.push("reading");
        void (mapped as Promise<unknown>).then(() => events.push("read"));
      }),
    ];
    return () => undo.forEach((each) => each());
  }
  const gl = WebGL2RenderingContext.prototype;
  const undo = [
    around(gl, "drawElements", () => events.push("submit")),
    around(gl, "fenceSync", () => events.push("reading")),
    around(gl, "getBufferSubData", () => events.push("read")),
  ];
  return () => undo.forEach((each) => each());
}

function around<K extends string>(owner: Record<K, unknown> | object, name: K, note: (result: unknown) => void) {
  const original = Reflect.get(owner, name) as (...given: unknown[]) => unknown;
  Reflect.set(owner, name, function (this: unknown, ...given: unknown[]) {
    const result: unknown = Reflect.apply(original, this, given);
    note(result);
    return result;
  });
  return (): void => void Reflect.set(owner, name, original);
}
