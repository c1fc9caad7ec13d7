// Settings that change between jobs of one sharder.
import { describe, expect, it } from "vitest";
import { rejected } from "../../fixtures/caught.js";
import { batch, negate, negated, start } from "../../fixtures/negating-sharder.js";
import { ShardError } from "../../../src/core/errors.js";
import type { SharderSettings } from "../../../src/sharder/options.js";

/** Shards by their sizes, of one job. */
async function shardSizes(sharder: Awaited<ReturnType<typeof start>>["sharder"], itemCount: number): Promise<number[]> {
  const sizes: number[] = [];
  const controller = new AbortController();
  sharder.addEventListener("attempt", ({ detail }) => sizes.push(detail.itemCount), { signal: controller.signal });
  expect((await sharder.predict(batch(itemCount)))["y"]).toEqual(negated(itemCount));
  controller.abort();
  return sizes;
}

describe("configure", () => {
  it("changes how large the shards of the next job are", async () => {
    const { sharder } = await start(negate, 2, {}, { quantumMs: 60_000 });
    await shardSizes(sharder, 600);
    const large = await shardSizes(sharder, 600);
    sharder.configure({ quantumMs: 1 });
    const small = await shardSizes(sharder, 600);
    expect(small.length).toBeGreaterThan(large.length);
  });

  it("checks results from the next job on, and stops doing so", async () => {
    const { sharder } = await start(negate);
    await sharder.predict(batch(50));
    expect(sharder.verification.checkedShardCount).toBe(0);
    sharder.configure({ verify: 1 });
    await sharder.predict(batch(50));
    const { checkedShardCount } = sharder.verification;
    expect(checkedShardCount).toBeGreaterThan(0);
    sharder.configure({ verify: false });
    await sharder.predict(batch(50));
    expect(sharder.verification.checkedShardCount).toBe(checkedShardCount);
  });

  it("reports items that fail instead of throwing, from the next job on", async () => {
    const failing = async () => {
      throw new Error("no");
    };
    const { sharder } = await start(failing);
    await rejected("model-failed", sharder.predict(batch(1)));
    sharder.configure({ onItemError: "report" });
    const failed: number[] = [];
    await sharder.predict(batch(1), { onItemError: ({ item }) => failed.push(item) }).catch(() => {});
    expect(failed).toEqual([0]);
  });

  it.each([
    [{ quantumMs: 0 }, /quantumMs/],
    [{ policy: "fair" }, /policy/],
    [{ verify: 2 }, /verify/],
    [{ onItemError: "ignore" }, /onItemError/],
    [{ quantum: 5 }, /quantum/],
    [null, /settings/],
  ])("refuses %j, and changes nothing", async (settings, words) => {
    const { sharder } = await start(negate);
    const configure = () => sharder.configure(settings as unknown as SharderSettings);
    expect(configure).toThrow(ShardError);
    expect(configure).toThrow(words);
  });
});
