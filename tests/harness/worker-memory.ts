// Calls that need more memory than a worker has, on real workers.
import { inspectModel } from "../../src/model/inspect-model.js";
import { openEntry, type EntryName } from "../../src/pool/worker-entries.js";
import type { WorkerMemory } from "../../src/protocol/worker-api.js";
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

/** Run a small model again and again. @returns what the worker holds at the start, after a quarter of the runs, and at the end. */
export async function runAgainAndAgain(entry: EntryName, count: number): Promise<(WorkerMemory | undefined)[]> {
  const worker = await open(entry);
  const found = [await worker.memory()];
  const net = netOf(SMALL_NET);
  await worker.load(net);
  for (let run = 0; run < count; run++) {
    // Batches of several sizes, as a job has them.
    const answer = await worker.call(SMALL_NET.shape, net, 1 + (run % 4));
    if (answer.outcome !== "right") throw new Error(answer.message);
    if (run === Math.floor(count / 4)) found.push(await worker.memory());
  }
  found.push(await worker.memory());
  worker.close();
  return found;
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
    load: (net: ConstantNet) => call(link.api.load(KEY, inspectModel(net.artifacts(), true).wire)),
    async memory(): Promise<WorkerMemory | undefined> {
      const answer = await call(link.api.memory());
      return answer.ok ? answer.value : undefined;
    },
    /** Run as many items as it is told, all ones. */
    async call([, ...shape]: readonly number[], net: ConstantNet, itemCount = 1): Promise<Answer> {
      const sizes = [itemCount, ...shape];
      const data = new Float32Array(sizes.reduce((product, size) => product * size, 1)).fill(1);
      const x = { kind: "dense", tensor: { dtype: "float32", shape: sizes, data }, itemShape: [1, ...shape] } as const;
      const answer = await call(link.api.run(request(itemCount, { x }, { modelKey: KEY })));
      if (!answer.ok) return { outcome: answer.error.code, message: answer.error.message, heapBytes: undefined };
      const { outputs, heapBytes } = answer.value;
      const values = ["min", "max"].map((name) => {
        const output = outputs[name];
        return output?.kind === "dense" ? Number(output.tensor.data[0]) : NaN;
      });
      const isRight = values.every((value) => value === net.value);
      return { outcome: isRight ? "right" : "wrong", message: `${values.join(" … ")} for ${net.value}`, heapBytes };
    },
    async run({ shape }: NetSpec, net: ConstantNet): Promise<Answer> {
      const loaded = await this.load(net);
      if (!loaded.ok)
        return { outcome: loaded.error.code, message: `load: ${loaded.error.message}`, heapBytes: undefined };
      const answer = await this.call(shape, net);
      await call(link.api.unload(KEY));
      return answer;
    },
  };
}

type Answer = Pick<MemoryAttempt, "outcome" | "message" | "heapBytes">;
