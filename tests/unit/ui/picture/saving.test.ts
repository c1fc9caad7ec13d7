import { expect, it } from "vitest";
import { savedName, uniqueNames } from "../../../../src/ui/picture/saving.js";
import { zipPictures } from "../../../../src/ui/picture/zip-pictures.js";
import { unzip } from "../../../../workers/reader/unzip.js";

it("a picture is saved under its own name", () => {
  expect(savedName("cat.jpg", 2)).toBe("cat-x2.png");
  expect(savedName("my.cat.jpeg", 4)).toBe("my.cat-x4.png");
  expect(savedName(".png", 2)).toBe("picture-x2.png");
  expect(savedName("cat.png", 2, "image/jpeg")).toBe("cat-x2.jpg");
  expect(savedName("holidays.2024/day 1/cat.png", 2, "image/webp")).toBe("holidays.2024/day 1/cat-x2.webp");
});

it("tells equal names apart", () => {
  expect(uniqueNames(["a.png", "A.png", "b.png", "a.png", "a (2).png"])).toEqual([
    "a.png",
    "A (2).png",
    "b.png",
    "a (3).png",
    "a (2) (2).png",
  ]);
});

async function unpack(zip: Blob): Promise<Record<string, Uint8Array>> {
  // Our own reader of models is another implementation than the writer; it looks for a model.
  const steps = unzip(zip, "pictures.zip");
  for (;;) {
    const { done, value } = await steps.next();
    if (done !== true) continue;
    const files = await Promise.all(
      value.map(async ({ path, blob }) => [path, new Uint8Array(await blob.arrayBuffer())] as const),
    );
    return Object.fromEntries(files);
  }
}

it("packs pictures as they are, in their folders, and reads one at a time", async () => {
  const contents: Record<string, Uint8Array<ArrayBuffer>> = {
    "trip/a.bin": Uint8Array.from({ length: 3_000_000 }, (_, i) => (i * 31) & 255),
    "trip/über.bin": new Uint8Array([1, 2, 3]),
    "empty.bin": new Uint8Array(),
    "model.json": new Uint8Array(1 << 20),
  };
  let reading = 0;
  const items = Object.entries(contents).map(([name, bytes]) => ({
    name,
    read: async () => {
      expect(++reading).toBe(1);
      await Promise.resolve();
      reading--;
      return new Blob([bytes]);
    },
  }));
  const zips: Blob[] = [];
  const counts: number[] = [];
  await zipPictures(
    items,
    (zip) => zips.push(zip),
    (count) => counts.push(count),
    new AbortController().signal,
  );
  expect(counts).toEqual([1, 2, 3, 4]);
  expect(zips).toHaveLength(1);
  const unpacked = await unpack(zips[0]!);
  expect(Object.keys(unpacked)).toEqual(Object.keys(contents));
  for (const [name, bytes] of Object.entries(contents)) {
    expect(Buffer.from(bytes).equals(unpacked[name] ?? new Uint8Array()), name).toBe(true);
  }
});

it("ends when its page does", async () => {
  const item = { name: "a.png", read: async () => new Blob(["x"]) };
  const packing = zipPictures(
    [item],
    () => expect.unreachable(),
    () => {},
    AbortSignal.abort(new Error("left")),
  );
  await expect(packing).rejects.toThrow("left");
});
