// Pictures at which the decoder hangs or ends, on scripted workers behind real message channels; time is a virtual clock.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PictureReader } from "../../../src/jobs/picture-reader.js";
import { PictureWorker, readingDeadlineMs, type Picture } from "../../../src/jobs/picture-worker.js";
import type { PictureApi, PixelApi, PixelPlan } from "../../../src/protocol/picture-api.js";
import { exposeApi } from "../../../workers/runtime/expose.js";
import { openChannel, type Channel } from "../../fixtures/channel.js";

type Api = PictureApi<Blob, ImageBitmap> & PixelApi<Picture>;

const plan = { width: 1, height: 1 } as PixelPlan;
/** What each picture does to the decoder, by the size of its blob. */
const BEHAVIOUR = { 1: "reads", 2: "hangs", 3: "ends" } as const;
const picture = (size: keyof typeof BEHAVIOUR): Blob => new Blob(["x".repeat(size)]);

let channels: Channel<Api>[];

function start(): PictureWorker {
  const never = (): Promise<never> => new Promise(() => {});
  const channel: Channel<Api> = openChannel<Api>((far) =>
    exposeApi<Api>(
      {
        open: never,
        cutRow: never,
        place: never,
        encode: never,
        view: never,
        convert: never,
        readPixels: async (given: Picture) => {
          const behaviour = BEHAVIOUR[(given as Blob).size as keyof typeof BEHAVIOUR];
          if (behaviour === "ends") channel.crash("out of memory");
          return behaviour === "reads" ? { ok: true, value: new Uint8Array([7]) } : never();
        },
      },
      far,
    ),
  );
  channels.push(channel);
  return new PictureWorker(channel.link);
}

beforeEach(() => {
  channels = [];
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.runAllTimers();
  vi.useRealTimers();
});

/** Let virtual time pass until all are read, with real turns for the messages. */
async function settle<T>(reading: Promise<T>): Promise<T> {
  let isSettled = false;
  const done = (): void => void (isSettled = true);
  reading.then(done, done);
  for (let turn = 0; turn < 2_000 && !isSettled; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(250);
  }
  return reading;
}

describe.each([
  [2, "does not finish"],
  [3, "fails"],
] as const)("a picture of kind %i, at which the decoder %s", (size, words) => {
  it("is unreadable alone; the others beside it are read by other workers", async () => {
    const reader = new PictureReader(start);
    const sizes = [1, size, 1, 1] as const;
    const results = await settle(Promise.all(sizes.map((each, index) => reader.read(picture(each), index, plan))));
    reader.close();
    expect(results.map((each) => ("error" in each ? each.error.code : [...each.data]))).toEqual([
      [7],
      "picture-unreadable",
      [7],
      [7],
    ]);
    const [, refused] = results;
    expect("error" in refused! && refused.error.message).toMatch(new RegExp(`Picture 1: .*${words}`));
    vi.runAllTimers();
    expect(channels.every(({ isTerminated }) => isTerminated)).toBe(true);
  });
});

it("has a deadline by its size, of at most three minutes", () => {
  expect(readingDeadlineMs(picture(1))).toBeLessThan(21_000);
  expect(readingDeadlineMs({ width: 4000, height: 3000 } as ImageBitmap)).toBe(44_000);
  expect(readingDeadlineMs({ size: 1e9 } as Blob)).toBe(180_000);
});
