// Jobs over workers of the page and real servers.
import { afterAll, beforeAll, beforeEach, expect, inject, it } from "vitest";
import type { WorkerSpec } from "inference-sharder";
import { progressOf, runJob, startJob, stopJob, untilDone } from "../page-job.js";
import { freeLine, startRig, type Rig } from "../rig.js";

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig?.close());
beforeEach(() => {
  for (const { line } of [rig.kserve, rig.mlserver]) {
    line.set(freeLine);
    line.garble(undefined);
  }
  rig.takeOrigins();
});

it("enlarges the sample over two WASM workers and two servers", async () => {
  const result = await rig.opened.page.evaluate(
    async (urls) => {
      const picture = await (await fetch("/samples/sample.png")).blob();
      const enlarge = async (workers: readonly WorkerSpec[]) => {
        const sharder = await harness.createSharder({
          model: "/models/upscale-x2/model.json",
          workers,
          remember: false,
          // A fast worker of the page would leave the slower server nothing of so few tiles.
          policy: "equal",
        });
        const faults: string[] = [];
        sharder.addEventListener("fault", ({ detail }) => {
          // On a busy machine, a shard may well be late.
          if (detail.cause !== "overdue") faults.push(`${detail.workerId}: ${detail.message}`);
        });
        const itemsByWorker: Record<string, number> = {};
        sharder.addEventListener("attempt", ({ detail }) => {
          if (detail.outcome !== "completed") return;
          itemsByWorker[detail.workerId] = (itemsByWorker[detail.workerId] ?? 0) + detail.itemCount;
        });
        const enlarged = await harness.upscalePicture(sharder, picture);
        const { width, height, tileCount } = enlarged;
        const context = new OffscreenCanvas(width, height).getContext("2d")!;
        context.drawImage(await createImageBitmap(await enlarged.toPng()), 0, 0);
        enlarged.close();
        const states = Object.fromEntries(sharder.workers.map(({ id, state }) => [id, state]));
        await sharder.dispose();
        const pixels = context.getImageData(0, 0, width, height).data;
        return { pixels, tileCount, itemsByWorker, states, faults };
      };
      const local = [{ backend: "wasm" }, { backend: "wasm" }] as const;
      const alone = await enlarge(local);
      const shared = await enlarge([...local, ...urls.map((url) => ({ backend: "remote", url }) as const)]);
      const worst = alone.pixels.reduce((most, value, at) => Math.max(most, Math.abs(value - shared.pixels[at]!)), 0);
      const { pixels, ...others } = shared;
      return { worst, isAsLong: alone.pixels.length === pixels.length, ...others };
    },
    [rig.kserve.url, rig.mlserver.url],
  );
  console.log(`${result.tileCount} tiles: ${JSON.stringify(result.itemsByWorker)}`);
  expect(result.isAsLong).toBe(true);
  // A value between two colours may be rounded to either.
  expect(result.worst).toBeLessThanOrEqual(1);
  expect(result.faults).toEqual([]);
  const remotes = Object.keys(result.states).filter((id) => id.startsWith("remote"));
  expect(remotes.length).toBe(2);
  for (const id of remotes) {
    expect(result.states[id], id).toMatch(/^(ready|busy)$/);
    expect(result.itemsByWorker[id], id).toBeGreaterThan(0);
  }
});

it("asks nobody but the page's own server without a named remote", async () => {
  await runJob(rig.opened.page, { workers: [{ backend: "wasm" }], size: 32, blockSize: 8, durationMs: 500 });
  await runJob(rig.opened.page, { workers: "auto", size: 32, blockSize: 8, durationMs: 500 });
  expect(rig.takeOrigins().filter((origin) => origin !== "null")).toEqual([new URL(inject("urls").harness).origin]);
});

it("asks a named remote and nobody else", async () => {
  const workers = [{ backend: "wasm" } as const, { backend: "remote", url: rig.kserve.url } as const];
  const tally = await runJob(rig.opened.page, { workers, size: 48, blockSize: 32, durationMs: 2_000 });
  expect(tally).toMatchObject({ lostCount: 0, doubleCount: 0, faults: [] });
  expect(tally.worst).toBeLessThan(1e-4);
  expect(tally.workers.find(({ id }) => id === "remote-1")).toMatchObject({ state: "ready", lastError: "" });
  expect(tally.itemsByWorker["remote-1"]).toBeGreaterThan(0);
  const expected = [inject("urls").harness, rig.kserve.url].map((url) => new URL(url).origin);
  expect(
    rig
      .takeOrigins()
      .filter((origin) => origin !== "null")
      .sort(),
  ).toEqual(expected.sort());
});

it("says in words that the gateway allows no page of another origin, and goes on without the server", async () => {
  const workers = [{ backend: "wasm" } as const, { backend: "remote", url: rig.kserve.urlWith.missing } as const];
  const tally = await runJob(rig.opened.page, { workers, size: 32, blockSize: 8, durationMs: 500 });
  expect(tally).toMatchObject({ lostCount: 0, doubleCount: 0, itemsByWorker: { "wasm-1": tally.itemCount } });
  const { lastError } = tally.workers.find(({ id }) => id === "remote-1")!;
  expect(lastError).toContain(`Access-Control-Allow-Origin: ${new URL(inject("urls").harness).origin}`);
});

it("finds the tensors where the gateway does not let it read how long the JSON before them is", async () => {
  const workers = [{ backend: "remote", url: rig.kserve.urlWith.unexposed } as const];
  const tally = await runJob(rig.opened.page, { workers, size: 32, blockSize: 8, durationMs: 500 });
  expect(tally).toMatchObject({ lostCount: 0, doubleCount: 0, itemsByWorker: { "remote-1": tally.itemCount } });
  expect(tally.worst).toBeLessThan(1e-4);
});

it("finds out a server whose numbers are of the right form, and wrong", async () => {
  rig.kserve.line.garble("numbers");
  const workers = [{ backend: "wasm" } as const, { backend: "remote", url: rig.kserve.url } as const];
  const tally = await runJob(rig.opened.page, { workers, size: 32, blockSize: 16, durationMs: 1_500 });
  expect(tally).toMatchObject({ lostCount: 0, doubleCount: 0 });
  expect(tally.worst).toBeLessThan(1e-4);
  expect(tally.itemsByWorker["remote-1"]).toBeUndefined();
  expect(tally.faults.filter((fault) => fault.startsWith("remote-1 "))).not.toEqual([]);
});

/** Seeded numbers in 0…1. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const seed = Number(process.env["SHARDER_LONG_SEED"] ?? 1_000);
const MOMENT_COUNT = Number(process.env["SHARDER_MOMENTS"] ?? 50);

it(`loses nothing, writes nothing twice and nothing wrong, at ${MOMENT_COUNT} random moments (seed ${seed})`, async () => {
  const { page } = rig.opened;
  const next = random(seed);
  const workers = [rig.kserve, rig.mlserver].map(({ url }) => ({ backend: "remote", url }) as const);
  await startJob(page, { workers: [{ backend: "wasm" }, ...workers], size: 32, blockSize: 64, durationMs: 600_000 });
  const wait = (ms: number): Promise<void> => new Promise((settle) => setTimeout(settle, ms));
  const counts: Record<string, number> = {};
  for (let moment = 0; moment < MOMENT_COUNT; moment++) {
    const { server, line } = next() < 0.5 ? rig.kserve : rig.mlserver;
    const faults: Record<string, () => Promise<void>> = {
      killed: async () => {
        await server.kill();
        await wait(next() * 300);
        await server.start();
      },
      stalled: async () => {
        server.pause();
        await wait(next() * 1_000);
        server.resume();
      },
      garbled: async () => {
        line.garble("bytes");
        await wait(next() * 300);
        line.garble(undefined);
      },
      cut: async () => line.cut(),
    };
    const names = Object.keys(faults);
    const name = names[Math.floor(next() * names.length)]!;
    counts[`${server.name} ${name}`] = (counts[`${server.name} ${name}`] ?? 0) + 1;
    await wait(next() * 200);
    await faults[name]!();
  }
  // Whatever has befallen them, both are back, and what one of them computes still counts.
  const before = await progressOf(page);
  const remotes = Object.keys(before).filter((id) => id.startsWith("remote"));
  expect(remotes.length).toBe(2);
  await expect
    .poll(
      async () => {
        const now = await progressOf(page);
        const hasGrown = (id: string): boolean => now[id]!.itemCount > before[id]!.itemCount;
        const isBack = (id: string): boolean => hasGrown(id) || /^(ready|busy)$/.test(now[id]!.state);
        return remotes.every(isBack) && remotes.some(hasGrown);
      },
      { timeout: 120_000 },
    )
    .toBe(true);
  await stopJob(page);
  const tally = await untilDone(page);
  console.log(JSON.stringify({ seed, counts, items: tally.itemCount, byWorker: tally.itemsByWorker }));
  expect(tally).toMatchObject({ lostCount: 0, doubleCount: 0 });
  expect(tally.worst).toBeLessThan(1e-4);
  expect(Object.values(tally.itemsByWorker).reduce((sum, count) => sum + count)).toBe(tally.itemCount);
  for (const id of remotes) expect(tally.itemsByWorker[id], id).toBeGreaterThan(0);
  expect(tally.faults.length).toBeGreaterThan(0);
}, 480_000);
