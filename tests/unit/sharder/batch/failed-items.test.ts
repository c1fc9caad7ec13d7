// Items that fail wherever they are tried, on scripted workers behind real message channels.
import { describe, expect, it } from "vitest";
import { ShardError } from "../../../../src/core/errors.js";
import type { RunRequest } from "../../../../src/protocol/worker-api.js";
import type { FaultDetail } from "../../../../src/sharder/events.js";
import type { StreamShard } from "../../../../src/sharder/job/stream.js";
import { rejected } from "../../../fixtures/caught.js";
import { batch, negate, negated, start, tensorOf } from "../../../fixtures/negating-sharder.js";
import type { Run } from "../../../fixtures/scripted-workers.js";

const itemsOf = ({ inputs }: RunRequest): number[] => {
  const data = tensorOf(inputs.x!).data as Float32Array;
  return Array.from({ length: data.length / 2 }, (_, row) => data[2 * row]!);
};

/** Workers that throw on these items. */
const failOn =
  (...bad: number[]): Run =>
  async (request, worker) => {
    const found = itemsOf(request).find((item) => bad.includes(item));
    if (found !== undefined) throw new Error(`item ${found} is bad`);
    return negate(request, worker);
  };

const bad = [3, 500, 998];
const withFillers = (count: number, failed: readonly number[]) => {
  const { data, ...tensor } = negated(count);
  return {
    ...tensor,
    data: (data as Float32Array).map((v, i) => (failed.includes(Math.floor(i / 2)) ? Number.NaN : v)),
  };
};

describe("3 bad items among 1000", () => {
  it("are reported by index once all others are done", async () => {
    const { sharder } = await start(failOn(...bad));
    const faults: FaultDetail[] = [];
    sharder.addEventListener("fault", ({ detail }) => faults.push(detail));
    const failures: number[] = [];
    let completedItemCount = 0;
    const failure = await rejected(
      "model-failed",
      sharder.predict(batch(1000), {
        onItemError: ({ item }) => failures.push(item),
        onProgress: (progress) => (completedItemCount = progress.completedItemCount),
      }),
      "items 3, 500 and 998",
      "is bad",
    );
    expect(failure.itemErrors?.map(({ item, error }) => [item, error.message])).toEqual(
      bad.map((item) => [item, expect.stringContaining(`item ${item} is bad`)]),
    );
    expect(failures.toSorted((a, b) => a - b)).toEqual(bad);
    expect(completedItemCount).toBeGreaterThan(990);
    const poison = faults.filter(({ cause }) => cause === "poison");
    expect(poison).toHaveLength(3);
    expect(poison).toEqual(
      expect.arrayContaining(
        bad.map((firstItem) => expect.objectContaining({ items: [{ firstItem, itemCount: 1 }], action: "gave-up" })),
      ),
    );
  });

  it('leave 997 right results and fillers with onItemError: "report"', async () => {
    const { sharder } = await start(failOn(...bad), 3, {}, { onItemError: "report" });
    expect(await sharder.predict(batch(1000))).toEqual({ y: withFillers(1000, bad) });
    expect(await sharder.predict(batch(5, 4))).toEqual({ y: negated(5, 4) });
  });

  it("come as shards of their own from a stream that reports, in order", async () => {
    const { sharder } = await start(failOn(...bad), 2, {}, { onItemError: "report" });
    const shards: StreamShard[] = [];
    const source = Array.from({ length: 100 }, (_, index) => batch(10, 10 * index));
    for await (const shard of sharder.stream(source)) shards.push(shard);
    expect(shards.reduce((next, shard) => (shard.firstItem === next ? next + shard.itemCount : -1), 0)).toBe(1000);
    const failed = shards.filter(({ itemErrors }) => itemErrors !== undefined);
    expect(failed.map(({ firstItem, itemErrors }) => [firstItem, itemErrors![0]!.item])).toEqual(
      bad.map((item) => [item, item]),
    );
    expect(failed[1]!.outputs).toEqual({ y: { dtype: "float32", shape: [1, 2], data: Float32Array.of(NaN, NaN) } });
  });

  it("are left out by a stream that throws at its end", async () => {
    const { sharder } = await start(failOn(...bad));
    const seen = new Set<number>();
    const run = async (): Promise<void> => {
      const source = Array.from({ length: 100 }, (_, index) => batch(10, 10 * index));
      for await (const { firstItem, itemCount } of sharder.stream(source)) {
        for (let item = firstItem; item < firstItem + itemCount; item++) seen.add(item);
      }
    };
    const failure = await rejected("model-failed", run(), "items 3, 500 and 998");
    expect(failure.itemErrors).toHaveLength(3);
    expect([seen.size, bad.some((item) => seen.has(item))]).toEqual([997, false]);
  });
});

it("a job whose items all fail rejects after a few, even if it is to report them", async () => {
  const { sharder, workers } = await start(
    async () => {
      throw new Error("no kernel for Neg");
    },
    2,
    {},
    { onItemError: "report" },
  );
  const failure = await rejected("model-failed", sharder.predict(batch(5_000)), "no kernel for Neg", "not tried");
  expect(failure.itemErrors!.length).toBeLessThan(10);
  expect(workers[0]!.runCount + workers[1]!.runCount).toBeLessThan(40);
  await rejected("model-failed", sharder.predict(batch(2)), "items 0 to 1", "no kernel for Neg");
});

it("a shard that is too large for a worker's memory is halved, and the limit holds for later jobs", async () => {
  let limit = 4;
  const { sharder, workers } = await start(async (request, worker) => {
    if (request.itemCount > limit) throw new ShardError("out-of-memory", `no room for ${request.itemCount} items`);
    return negate(request, worker);
  });
  const causes = new Set<string>();
  sharder.addEventListener("fault", ({ detail }) => causes.add(detail.cause));
  expect(await sharder.predict(batch(300))).toEqual({ y: negated(300) });
  expect([...causes]).toEqual(["out-of-memory"]);
  limit = Infinity;
  const ranBefore = workers.map(({ ran }) => ran.length);
  expect(await sharder.predict(batch(300))).toEqual({ y: negated(300) });
  for (const [index, { ran }] of workers.entries()) {
    expect(Math.max(...ran.slice(ranBefore[index]).map(({ itemCount }) => itemCount))).toBeLessThanOrEqual(10);
  }
});
