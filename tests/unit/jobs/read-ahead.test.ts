import { describe, expect, it } from "vitest";
import { readAhead } from "../../../src/jobs/read-ahead.js";

const turns = async (count = 20): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise((done) => setImmediate(done));
};

/** Reads that end on request. */
function gate() {
  const open = new Map<number, () => void>();
  let most = 0;
  const read = async (thing: number): Promise<number> => {
    const done = new Promise<void>((resolve) => open.set(thing, resolve));
    most = Math.max(most, open.size);
    await done;
    open.delete(thing);
    return thing * 10;
  };
  return { read, end: (thing: number) => open.get(thing)!(), most: () => most, reading: () => [...open.keys()] };
}

describe("readAhead", () => {
  it("keeps the order whatever ends first, reads up to the depth at a time and pulls no further", async () => {
    const { read, end, most, reading } = gate();
    let pulled = 0;
    function* source() {
      for (; pulled < 7;) yield pulled++;
    }
    const results: number[] = [];
    const reader = (async () => {
      for await (const result of readAhead(source(), read, 3)) results.push(result);
    })();
    await turns();
    expect(reading()).toEqual([0, 1, 2]);
    end(2);
    end(1);
    await turns();
    // Two are done, and wait for the first.
    expect([results, pulled]).toEqual([[], 3]);
    end(0);
    await turns();
    expect(results).toEqual([0, 10, 20]);
    for (const thing of [5, 4, 3]) end(thing);
    await turns();
    end(6);
    await reader;
    expect(results).toEqual([0, 10, 20, 30, 40, 50, 60]);
    expect(most()).toBe(3);
  });

  it("yields what is ready while the source is still thinking", async () => {
    let more: () => void = () => {};
    async function* source() {
      yield 1;
      await new Promise<void>((resolve) => (more = resolve));
      yield 2;
    }
    const reader = readAhead(source(), async (thing) => thing, 4);
    expect(await reader.next()).toEqual({ done: false, value: 1 });
    more();
    expect(await reader.next()).toEqual({ done: false, value: 2 });
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });

  it("hands on what the source or a read throws, and closes the source when it is left", async () => {
    let isClosed = false;
    async function* source() {
      try {
        for (let i = 0; ; i++) yield i;
      } finally {
        isClosed = true;
      }
    }
    const failing = async (thing: number) => {
      if (thing === 2) throw new RangeError("two");
      return thing;
    };
    const seen: number[] = [];
    await expect(async () => {
      for await (const result of readAhead(source(), failing, 4)) seen.push(result);
    }).rejects.toThrow(RangeError);
    await turns();
    expect([seen, isClosed]).toEqual([[0, 1], true]);
    async function* broken() {
      yield 1;
      throw new TypeError("disk");
    }
    await expect(async () => {
      for await (const _ of readAhead(broken(), async (thing) => thing, 2));
    }).rejects.toThrow("disk");
    isClosed = false;
    for await (const _ of readAhead(source(), async (thing) => thing, 2)) break;
    await turns();
    expect(isClosed).toBe(true);
  });
});
