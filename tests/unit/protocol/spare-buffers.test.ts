import { describe, expect, it } from "vitest";
import { MIN_SPARE_BYTES, SpareBuffers } from "../../../src/protocol/spare-buffers.js";

const bufferOf = (parts: number): ArrayBuffer => new ArrayBuffer(parts * MIN_SPARE_BYTES);

describe("SpareBuffers", () => {
  it("gives the smallest buffer that is large enough, once", () => {
    const spare = new SpareBuffers();
    const [small, middle, large] = [bufferOf(1), bufferOf(2), bufferOf(3)];
    spare.give([large, small, middle]);
    expect(spare.take(2 * MIN_SPARE_BYTES)).toBe(middle);
    expect(spare.take(2 * MIN_SPARE_BYTES)).toBe(large);
    expect(spare.take(2 * MIN_SPARE_BYTES)).toBeUndefined();
    expect(spare.all).toEqual([small]);
  });

  it("keeps no buffer that is small, detached, or there already", () => {
    const spare = new SpareBuffers();
    const detached = bufferOf(1);
    structuredClone(detached, { transfer: [detached] });
    const twice = bufferOf(1);
    spare.give([new ArrayBuffer(MIN_SPARE_BYTES - 1), detached, twice]);
    spare.give([twice]);
    expect(spare.all).toEqual([twice]);
    expect(spare.take(8)).toBeUndefined();
  });

  it("keeps 64 MB at most, and drops the smallest ones first", () => {
    const spare = new SpareBuffers();
    const large = bufferOf(600);
    spare.give([bufferOf(300), large, bufferOf(301)]);
    expect(spare.all).toEqual([expect.objectContaining({ byteLength: 301 * MIN_SPARE_BYTES }), large]);
    expect(spare.take(1 + MIN_SPARE_BYTES)!.byteLength).toBe(301 * MIN_SPARE_BYTES);
    spare.give([bufferOf(400)]);
    expect(spare.all).toHaveLength(2);
  });
});
