// Workers that are servers, as jobs see them: what they say of the model, how they end, and when they come.
import { describe, expect, it, vi } from "vitest";
import { ShardError, type ShardErrorCode } from "../../../../src/core/errors.js";
import type { OpenWorker, WorkerSpec } from "../../../../src/pool/worker-entries.js";
import { rejected } from "../../../fixtures/caught.js";
import { useFakeClock } from "../../../fixtures/fake-clock.js";
import { batch, create, negate, negated, turns } from "../../../fixtures/negating-sharder.js";
import { ScriptedWorker, type Run } from "../../../fixtures/scripted-workers.js";
import { EngineBroken } from "../../../../workers/runtime/engine.js";

const pass = useFakeClock();

const WASM = { backend: "wasm" } as const;
const REMOTE = { backend: "remote", url: "https://host/v2/models/x" } as const;

/** Workers of which those that are servers run in a way of their own. */
function script(serve: Run, prepare: (worker: ScriptedWorker) => void = () => {}) {
  const servers: ScriptedWorker[] = [];
  const open: OpenWorker = ({ backend }: WorkerSpec, id) => {
    const worker = new ScriptedWorker(id, backend === "remote" ? serve : negate);
    if (backend === "remote") {
      servers.push(worker);
      prepare(worker);
    }
    return worker.channel.link;
  };
  return { servers, open };
}

/** Let time pass until it has settled. */
async function settled<T>(running: Promise<T>): Promise<T> {
  let isOver = false;
  const over = (): void => void (isOver = true);
  void running.then(over, over);
  for (let turn = 0; !isOver && turn < 400; turn++) await pass(100);
  return running;
}

/** A batch without its last row. */
const rowless: Run = async (request, worker) => {
  const { y } = await negate(request, worker);
  if (request.mode !== "batched" || y?.kind !== "dense") return { y: y! };
  const [count] = y.tensor.shape;
  const data = (y.tensor.data as Float32Array).slice(0, 2 * (count! - 1));
  return { y: { ...y, tensor: { dtype: "float32", shape: [count! - 1, 2], data } } };
};

/** As a server that is lost. */
const lose = (code: Extract<ShardErrorCode, `server-${string}`>, retryAfterMs?: number): never => {
  throw new EngineBroken("server-lost", "Expected an answer, received none: wait.", { code, retryAfterMs });
};

describe("a server that answers with the wrong number of rows", () => {
  it("is ended, and others compute its items; batches stay batches", async () => {
    const { servers, open } = script(rowless);
    const sharder = await create(open, [WASM, REMOTE]);
    const faults: unknown[] = [];
    sharder.addEventListener("fault", ({ detail: { cause, workerId, code } }) => faults.push([cause, workerId, code]));
    expect(await settled(sharder.predict(batch(60)))).toEqual({ y: negated(60) });
    expect(servers[0]!.runCount).toBeGreaterThan(0);
    expect(servers[0]!.isTerminated).toBe(true);
    const [, remote] = sharder.workers;
    expect([remote!.state, remote!.lastError?.code]).toEqual(["dead", "server-failed"]);
    expect(faults).toContainEqual(["server-lost", remote!.id, "server-failed"]);
    expect(sharder.model.batchMode).toBe("batched");
  });

  it("is ended in its first answer, and believed in its second, where only servers run the model", async () => {
    const { servers, open } = script(rowless);
    const sharder = await create(open, [REMOTE], { restartDelayMs: () => 10 });
    expect(await settled(sharder.predict(batch(20)))).toEqual({ y: negated(20) });
    expect([servers.length, sharder.model.batchMode]).toEqual([2, "item-by-item"]);
  });
});

describe("a server that is lost again and again under the same item", () => {
  const computing = (code: Extract<ShardErrorCode, `server-${string}`>) => {
    let lossCount = 0;
    return create(
      script(async (request, worker) => (++lossCount > 15 ? negate(request, worker) : lose(code))).open,
      [REMOTE],
      {
        restartDelayMs: () => 10,
      },
    ).then((sharder) => settled(sharder.predict(batch(1))));
  };

  it.each(["server-busy", "server-unreachable", "server-refused"] as const)(
    "by itself is not lost by it (%s)",
    async (code) => {
      expect(await computing(code)).toEqual({ y: negated(1) });
    },
  );

  it("in answering it may be lost by it", async () => {
    await rejected("server-failed", computing("server-failed"));
  });
});

it("is restarted when its server has asked for it", async () => {
  let isBusy = true;
  const { servers, open } = script(async (request, worker) =>
    isBusy ? lose("server-busy", 90_000) : negate(request, worker),
  );
  const sharder = await create(open, [WASM, REMOTE], { restartDelayMs: undefined });
  expect(await settled(sharder.predict(batch(60)))).toEqual({ y: negated(60) });
  isBusy = false;
  await pass(40_000);
  expect([servers.length, sharder.workers[1]!.state]).toEqual([1, "restarting"]);
  await pass(60_000);
  expect([servers.length, sharder.workers[1]!.state]).toEqual([2, "ready"]);
});

describe("a server that is not there at first", () => {
  const late = (code: Extract<ShardErrorCode, `server-${string}`>) => {
    let isThere = false;
    const made = script(negate, (worker) => {
      worker.beforeStart = async () => {
        if (!isThere) throw new ShardError(code, "Expected an answer, received none: wait.");
      };
    });
    return { ...made, arrive: () => void (isThere = true) };
  };

  it.each(["server-busy", "server-unreachable"] as const)(
    "is not waited for where others are, and joins them when it is (%s)",
    async (code) => {
      const { open, arrive, servers } = late(code);
      // No time passes.
      const sharder = await create(open, [WASM, REMOTE], { restartDelayMs: undefined });
      expect(sharder.workers.map(({ state }) => state)).toEqual(["ready", "starting"]);
      expect(sharder.workers[1]!.lastError?.code).toBe(code);
      expect(await settled(sharder.predict(batch(20)))).toEqual({ y: negated(20) });
      await pass(10 * 60_000);
      arrive();
      await pass(60_000);
      expect(sharder.workers.map(({ state }) => state)).toEqual(["ready", "ready"]);
      expect(await settled(sharder.predict(batch(60)))).toEqual({ y: negated(60) });
      expect(servers.at(-1)!.runCount).toBeGreaterThan(0);
    },
  );

  it("has the model before it gets work, though it is there before those that are waited for", async () => {
    const { open, arrive, servers } = late("server-busy");
    const loadedBy: string[] = [];
    const opened: OpenWorker = (spec, id) => {
      if (spec.backend === "remote") {
        const link = open(spec, id);
        const server = servers.at(-1)!;
        server.beforeLoad = async () => void loadedBy.push(server.name);
        return link;
      }
      const worker = new ScriptedWorker(id, negate);
      worker.beforeStart = () => new Promise((resolve) => setTimeout(resolve, 5_000));
      return worker.channel.link;
    };
    const creating = create(opened, [REMOTE, WASM], { restartDelayMs: undefined });
    await pass(10);
    arrive();
    await pass(2_000);
    expect([servers.length, loadedBy]).toEqual([2, []]);
    const sharder = await settled(creating);
    await turns(5);
    expect(loadedBy).toEqual([servers[1]!.name]);
    expect(sharder.workers.map(({ state }) => state)).toEqual(["ready", "ready"]);
  });

  it("is given up at once where there is no other, where it is added later, and where it refuses", async () => {
    await rejected("no-workers", create(late("server-busy").open, [REMOTE], { restartDelayMs: undefined }));
    vi.stubGlobal("location", { href: "https://page.example/" });
    const { open, servers } = late("server-refused");
    const sharder = await create(open, [WASM, REMOTE], { restartDelayMs: undefined });
    await rejected("server-refused", sharder.addWorker(REMOTE));
    const other = await create(late("server-busy").open, [WASM], { restartDelayMs: undefined });
    await rejected("server-busy", other.addWorker(REMOTE));
    await pass(120_000);
    await turns(5);
    expect(servers.length).toBe(2);
    expect(sharder.workers.map(({ state }) => state)).toEqual(["ready", "dead", "dead"]);
    expect(other.workers.map(({ state }) => state)).toEqual(["ready", "dead"]);
  });
});
