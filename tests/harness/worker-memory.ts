// Calls that need more memory than a worker has, on real workers.
import { inspectModel } from "../../src/model/inspect.js";
import { openEntry, type EntryName } from "../../src/pool/worker-entries.js";
import type { Reply } from "../../src/protocol/error-record.js";
import { request } from "../contract/requests.js";
import { valueOf } from "../contract/check.js";
import { ConstantNet } from "../fixtures/constant-nets.js";

export interface MemoryAttempt {
  /** "right", "wrong", or the code of the error. */
  readonly outcome: string;
  readonly message: string;
  readonly heapBytes: number | undefined;
  /** Why the worker asked to be ended, if it did. */
  readonly ended: string | undefined;
  /** What the same worker, or the one that replaced it, gave for a small call of the model's kind afterwards. */
  readonly afterwards: string;
  readonly ms: number;
}

const KEY = "memory";
const SMALL_NET: NetSpec = { shape: [1, 8, 8, 4], steps: [["conv", 3, 4, 4], ["negate"]] };

/** Builds a net; in the form of a name and numbers, so that a test can send it into the page. */
export interface NetSpec {
  readonly shape: readonly number[];
  readonly steps: readonly (readonly [step: string, ...sizes: number[]])[];
}

function netOf({ shape, steps }: NetSpec): ConstantNet {
  const net = new ConstantNet(shape);
  for (const [step, a = 0, b = 0, c = 0] of steps) {
    if (step === "conv") net.conv(a, b, c);
    else if (step === "product") net.product(a);
    else if (step === "maxPool") net.pool("MaxPool", a);
    else if (step === "avgPool") net.pool("AvgPool", a);
    else if (step === "resize") net.resize(a);
    else if (step === "tile") net.tile([1, a, ...shape.slice(2).map(() => 1)]);
    else if (step === "softmax") net.softmax(a);
    else if (step === "concat") net.concat();
    else net.negate();
  }
  return net;
}

/** Load each net into one worker and run it once; a worker that asks for it is replaced. */
export async function tryInMemory(entry: EntryName, specs: readonly NetSpec[]): Promise<MemoryAttempt[]> {
  let worker = await open(entry);
  const attempts: MemoryAttempt[] = [];
  for (const spec of specs) {
    const startMs = performance.now();
    const net = netOf(spec);
    const run = await worker.run(spec, net);
    // A notice comes right after the answer.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const { ended } = worker;
    if (ended !== undefined) {
      worker.close();
      worker = await open(entry);
    }
    const after = await worker.run(SMALL_NET, netOf(SMALL_NET));
    attempts.push({ ...run, ended, afterwards: after.outcome, ms: performance.now() - startMs });
  }
  worker.close();
  return attempts;
}

async function open(entry: EntryName) {
  const link = openEntry(entry, `memory-${entry}`);
  let ended: string | undefined;
  const end = new Promise<Reply<never>>((resolve) => {
    link.onEnd((reason) => {
      ended = reason;
      resolve({ ok: false, error: { code: "worker-lost", message: reason } });
    });
  });
  const call = <T>(reply: Promise<Reply<T>>): Promise<Reply<T>> => Promise.race([reply, end]);
  valueOf(await call(link.api.start({ workerId: entry })));
  return {
    get ended() {
      return ended;
    },
    close: () => link.close(),
    async run({ shape }: NetSpec, net: ConstantNet): Promise<Omit<MemoryAttempt, "afterwards" | "ended" | "ms">> {
      const loaded = await call(link.api.load(KEY, inspectModel(net.artifacts(), true).wire));
      if (!loaded.ok)
        return { outcome: loaded.error.code, message: `load: ${loaded.error.message}`, heapBytes: undefined };
      const ones = {
        dtype: "float32",
        shape: [...shape],
        data: new Float32Array(shape.reduce((n, size) => n * size, 1)).fill(1),
      } as const;
      const x = { kind: "dense", tensor: ones, itemShape: shape.slice() } as const;
      const answer = await call(link.api.run(request(shape[0]!, { x }, { modelKey: KEY })));
      await call(link.api.unload(KEY));
      if (!answer.ok) return { outcome: answer.error.code, message: answer.error.message, heapBytes: undefined };
      const { outputs, heapBytes } = answer.value;
      const values = ["min", "max"].map((name) => {
        const output = outputs[name];
        return output?.kind === "dense" ? Number(output.tensor.data[0]) : NaN;
      });
      const isRight = values.every((value) => value === net.value);
      return { outcome: isRight ? "right" : "wrong", message: `${values.join(" … ")} for ${net.value}`, heapBytes };
    },
  };
}
