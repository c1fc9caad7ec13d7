// Pictures as a model's input, decoded by the real picture worker. The model returns its input.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { openHarness, type OpenPage } from "../harness/launch.js";

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness();
  await opened.page.evaluate(async () => {
    globalThis.echo = await harness.createSharder({
      model: harness.echoNet([-1, -1, -1, 3]),
      workers: [{ backend: "wasm" }],
    });
    globalThis.echoed = async (all, options) => {
      const { echo: output } = await harness.predictPictures(echo, all, { scale: 1, ...options });
      return Array.from((output as { data: Float32Array }).data);
    };
  });
});
afterAll(async () => {
  expect(opened.errors).toEqual([]);
  await opened.close();
});

type Sharder = Awaited<ReturnType<typeof harness.createSharder>>;
type Pictures = Parameters<typeof harness.predictPictures>[1];
type Options = Parameters<typeof harness.predictPictures>[2];
declare global {
  var echo: Sharder;
  /** The pixels that reach a model, all pictures one after another. */
  var echoed: (pictures: Pictures, options?: Options) => Promise<number[]>;
}

describe("what can be a picture", () => {
  it("has the same pixels as ImageData, ImageBitmap, Blob, File and VideoFrame, and stays the caller's", async () => {
    const result = await opened.page.evaluate(async () => {
      const { confetti, encode, gap, rgbOf } = harness.pictures;
      const image = confetti(37, 23);
      const blob = await encode(image);
      const bitmap = await createImageBitmap(image);
      const frame = new VideoFrame(bitmap, { timestamp: 0 });
      const size = { width: 37, height: 23 };
      const wanted = await rgbOf(image);
      const gaps: Record<string, number> = {};
      for (const [kind, picture] of Object.entries({
        image,
        bitmap,
        frame,
        blob,
        file: new File([blob], "confetti.bin"),
        untyped: new Blob([blob]),
      })) {
        // Twice, since a picture that was detached or closed could not be read again.
        gaps[kind] = gap(await echoed([picture, picture], size), [...wanted, ...wanted]);
      }
      const kept = [image.data.length, bitmap.width, frame.codedWidth];
      bitmap.close();
      frame.close();
      return { gaps, kept };
    });
    expect(result.gaps).toEqual({ image: 0, bitmap: 0, frame: 0, blob: 0, file: 0, untyped: 0 });
    expect(result.kept).toEqual([4 * 37 * 23, 37, 37]);
  });

  it("is decoded in a separate worker, which ends some seconds after the last picture", async () => {
    const { page } = opened;
    const isDecoding = () => page.workers().some((worker) => worker.url().includes("picture"));
    await page.evaluate(() => echoed([harness.pictures.confetti(2, 2)], { width: 2, height: 2 }));
    expect(isDecoding()).toBe(true);
    await expect.poll(isDecoding, { timeout: 10_000 }).toBe(false);
  });

  it("is refused by index and reason if it is not a picture, or closed", async () => {
    const failures = await opened.page.evaluate(async () => {
      const good = harness.pictures.confetti(8, 8);
      const closed = await createImageBitmap(good);
      closed.close();
      const size = { width: 8, height: 8 };
      const fail = (bad: unknown, options?: object) =>
        harness.failureOf(() => echoed([good, good, bad as Blob, good], { ...size, ...options }));
      return {
        text: await fail(new File(["no picture"], "notes.txt", { type: "text/plain" })),
        empty: await fail(new Blob([])),
        closed: await fail(closed),
        small: await fail(harness.pictures.confetti(7, 9), { crop: { x: 0, y: 0, width: 8, height: 8 } }),
        element: await fail(document.createElement("img")),
      };
    });
    for (const failure of Object.values(failures)) expect(failure?.message).toMatch(/picture 2\b/i);
    expect(failures.text).toMatchObject({ code: "picture-unreadable" });
    expect(failures.text!.message).toContain("text/plain, 10 bytes");
    expect(failures.empty).toMatchObject({ code: "picture-unreadable" });
    expect(failures.closed).toMatchObject({ code: "picture-unreadable" });
    expect(failures.closed!.message).toContain("closed");
    expect(failures.small).toMatchObject({ code: "picture-unreadable" });
    expect(failures.small!.message).toContain("7 × 9");
    expect(failures.element).toMatchObject({ code: "invalid-input" });
    expect(failures.element!.message).toContain("createImageBitmap");
  });
});

describe("how a picture becomes the model's size", () => {
  it("is unchanged if it has that size already, even 1 × 1 or a single row or column", async () => {
    const gaps = await opened.page.evaluate(async () => {
      const { confetti, encode, gap, rgbOf } = harness.pictures;
      const gaps: number[] = [];
      for (const [width, height] of [
        [1, 1],
        [301, 3],
        [3, 301],
        [1, 64],
      ] as const) {
        const image = confetti(width, height);
        gaps.push(gap(await echoed([await encode(image)], { width, height }), await rgbOf(image)));
      }
      return gaps;
    });
    expect(gaps).toEqual([0, 0, 0, 0]);
  });

  it("is scaled up like TF.js's resizeBilinear, and down to the mean of its pixels", async () => {
    const result = await opened.page.evaluate(async () => {
      const { averagedByTf, confetti, gap, resizedByTf, slopes } = harness.pictures;
      const small = slopes(13, 9);
      const large = confetti(128, 64);
      const up = { width: 40, height: 31, smoothing: "low" } as const;
      const down = { width: 16, height: 8 };
      return {
        up: gap(await echoed([small], up), await resizedByTf(small, 40, 31)),
        down: gap(await echoed([large], down), await averagedByTf(large, 8)),
        // This must be far from the mean; otherwise the line above would prove nothing.
        bilinear: gap(await resizedByTf(large, 16, 8), await averagedByTf(large, 8)),
        single: gap(await echoed([harness.pictures.paint(1, 1, () => [9, 99, 199])], down), flat(128, [9, 99, 199])),
      };
      function flat(count: number, colour: number[]): number[] {
        return Array.from({ length: count }, () => colour).flat();
      }
    });
    console.log(`resize: ${JSON.stringify(result)}`);
    // Out of 255. The browser positions its samples to about 1/16 of a pixel; these slopes have 32 levels per pixel.
    expect(result.up).toBeLessThanOrEqual(3);
    expect(result.down).toBeLessThanOrEqual(1);
    expect(result.bilinear).toBeGreaterThan(40);
    expect(result.single).toBe(0);
  });

  it("is cropped to the pixel, before anything is scaled", async () => {
    const result = await opened.page.evaluate(async () => {
      const { confetti, gap, paint, rgbOf } = harness.pictures;
      const image = confetti(20, 14);
      const [x, y, width, height] = [3, 5, 9, 7];
      const part = paint(width, height, (column, row) => {
        const at = 4 * ((y + row) * 20 + x + column);
        return [image.data[at]!, image.data[at + 1]!, image.data[at + 2]!];
      });
      // A red square in a blue field: blue at its edges would show that pixels outside the crop were read.
      const field = paint(20, 20, (px, py) => (px >= 5 && px < 10 && py >= 5 && py < 10 ? [255, 0, 0] : [0, 0, 255]));
      const square = await echoed([field], { crop: { x: 5, y: 5, width: 5, height: 5 }, width: 50, height: 50 });
      return {
        same: gap(await echoed([image], { crop: { x, y, width, height }, width, height }), await rgbOf(part)),
        bled: gap(square, Array.from({ length: 2500 }, () => [255, 0, 0]).flat()),
      };
    });
    expect(result).toEqual({ same: 0, bled: 0 });
  });

  it("covers, contains or stretches", async () => {
    const rows = await opened.page.evaluate(async () => {
      // Four vertical stripes of 10 pixels: red, green, blue, white.
      const stripes = harness.pictures.paint(40, 10, (x) =>
        x < 10 ? [255, 0, 0] : x < 20 ? [0, 255, 0] : x < 30 ? [0, 0, 255] : [255, 255, 255],
      );
      const size = { width: 20, height: 20 };
      const centres = async (options: object, points: readonly (readonly [number, number])[]) => {
        const pixels = await echoed([stripes], { ...size, ...options });
        return points.map(([x, y]) => pixels.slice(3 * (y * 20 + x), 3 * (y * 20 + x) + 3));
      };
      const across = [2, 7, 12, 17].map((x) => [x, 10] as const);
      return {
        stretch: await centres({}, across),
        cover: await centres({ fit: "cover" }, across),
        contain: await centres({ fit: "contain", padding: [1, 2, 3] }, [...across, [2, 2], [17, 17], [0, 7], [0, 12]]),
      };
    });
    const [red, green, blue, white] = [
      [255, 0, 0],
      [0, 255, 0],
      [0, 0, 255],
      [255, 255, 255],
    ];
    expect(rows.stretch).toEqual([red, green, blue, white]);
    expect(rows.cover).toEqual([green, green, blue, blue]);
    // 20 × 5 pixels in the middle, from row 7 on.
    expect(rows.contain).toEqual([red, green, blue, white, [1, 2, 3], [1, 2, 3], red, [1, 2, 3]]);
  });

  it("is turned upright by each of the eight Exif orientations", async () => {
    const corners = await opened.page.evaluate(async () => {
      const { encodeTurned, paint } = harness.pictures;
      // Quarters: red, green / blue, white.
      const image = paint(32, 32, (x, y) => {
        if (y < 16) return x < 16 ? [255, 0, 0] : [0, 255, 0];
        return x < 16 ? [0, 0, 255] : [255, 255, 255];
      });
      const all = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((orientation) => encodeTurned(image, orientation)));
      const pixels = await echoed(all, { width: 32, height: 32 });
      const name = (at: number): string => {
        const [red, green, blue] = pixels.slice(at, at + 3).map((value) => value > 128);
        return red && green && blue ? "W" : red ? "R" : green ? "G" : blue ? "B" : "?";
      };
      return all.map((_, index) =>
        [
          [8, 8],
          [24, 8],
          [8, 24],
          [24, 24],
        ]
          .map(([x, y]) => name(3 * ((index * 32 + y!) * 32 + x!)))
          .join(""),
      );
    });
    // Exif 2.3, tag 274: which sides of the upright picture are the stored row 0 and column 0.
    expect(corners).toEqual(["RGBW", "GRWB", "WBGR", "BWRG", "RBGW", "BRWG", "WGBR", "GWRB"]);
  });
});

describe("what its pixels mean", () => {
  it("is drawn on the matte where it is transparent, by default on white", async () => {
    const result = await opened.page.evaluate(async () => {
      const { encode, paint } = harness.pictures;
      const pixels = [
        [200, 100, 50, 255],
        [200, 100, 50, 128],
        [200, 100, 50, 0],
      ] as const;
      const image = paint(3, 1, (x) => pixels[x]!);
      const size = { width: 3, height: 1 };
      const all = [image, await encode(image)];
      return { white: await echoed(all, size), matte: await echoed(all, { ...size, matte: [10, 20, 30] }) };
    });
    const upon = (matte: readonly number[]) => {
      const mixed = [200, 100, 50].map((value, channel) => (value * 128 + matte[channel]! * 127) / 255);
      return [200, 100, 50, ...mixed, ...matte];
    };
    for (const [values, matte] of [
      [result.white, [255, 255, 255]],
      [result.matte, [10, 20, 30]],
    ] as const) {
      const wanted = [...upon(matte), ...upon(matte)];
      expect(values).toHaveLength(wanted.length);
      // Canvases store colours multiplied by alpha, in bytes.
      values.forEach((value, i) => expect(Math.abs(value - wanted[i]!)).toBeLessThanOrEqual(2));
      expect(values.slice(6, 9)).toEqual(matte);
    }
  });

  it("follows scale, offset, mean, deviation, order and layout of the channels", async () => {
    const result = await opened.page.evaluate(async () => {
      const { confetti, rgbOf } = harness.pictures;
      const image = confetti(5, 4);
      const bytes = await rgbOf(image);
      const run = async (shape: number[], options: object, dtype: "float32" | "int32" = "float32") => {
        const model = harness.echoNet(shape, dtype);
        const sharder = await harness.createSharder({ model, workers: [{ backend: "cpu" }] });
        const { echo: output } = await harness.predictPictures(sharder, [image], options);
        await sharder.dispose();
        const { shape: given, data } = output as { shape: number[]; data: Float32Array };
        return { shape: given, data: Array.from(data) };
      };
      const [mean, std] = [
        [0.485, 0.456, 0.406],
        [0.229, 0.224, 0.225],
      ];
      return {
        bytes,
        signed: await run([-1, 4, 5, 3], { scale: 1 / 127.5, offset: -1 }),
        imagenet: await run([-1, 3, 4, 5], { scale: 1 / 255, mean, std }),
        bgr: await run([1, 4, 5, 3], { scale: 1, colours: "bgr" }),
        grey: await run([-1, 4, 5], { scale: 1 }),
        whole: await run([-1, 4, 5, 3], {}, "int32"),
      };
    });
    const { bytes, signed, imagenet, bgr, grey, whole } = result;
    const pixels = Array.from({ length: 20 }, (_, i) => bytes.slice(3 * i, 3 * i + 3) as [number, number, number]);
    const [mean, std] = [
      [0.485, 0.456, 0.406],
      [0.229, 0.224, 0.225],
    ];
    const close = (values: readonly number[], wanted: readonly number[]) => {
      expect(values).toHaveLength(wanted.length);
      values.forEach((value, i) => expect(Math.abs(value - wanted[i]!)).toBeLessThanOrEqual(1e-6 * 3));
    };
    close(
      signed.data,
      bytes.map((byte) => byte / 127.5 - 1),
    );
    expect(imagenet.shape).toEqual([1, 3, 4, 5]);
    close(
      imagenet.data,
      [0, 1, 2].flatMap((c) => pixels.map((pixel) => (pixel[c]! / 255 - mean[c]!) / std[c]!)),
    );
    expect(bgr.data).toEqual(pixels.flatMap(([red, green, blue]) => [blue, green, red]));
    expect(grey.shape).toEqual([1, 4, 5]);
    grey.data.forEach((value, i) => {
      const [red, green, blue] = pixels[i]!;
      expect(Math.abs(value - (0.299 * red + 0.587 * green + 0.114 * blue))).toBeLessThanOrEqual(0.51);
    });
    expect(whole.data).toEqual(bytes);
  });
});

describe("streamPictures", () => {
  it.each(["input", "completion"] as const)("skips files that are not pictures, in order of %s", async (order) => {
    const result = await opened.page.evaluate(async (order) => {
      const grey = (value: number) => harness.pictures.paint(1, 1, () => [value, value, value]);
      const bad = new Blob(["no picture"]);
      // Bad files at both ends, single ones, and a long run of them.
      const isBad = (index: number) => index < 2 || index % 7 === 0 || (index > 20 && index < 120) || index > 147;
      const source = Array.from({ length: 150 }, (_, index) => (isBad(index) ? bad : grey(index)));
      const seen: { index: number; value: number | string; isSame: boolean }[] = [];
      const options = { scale: 1, width: 1, height: 1, order };
      for await (const { index, picture, outputs, error } of harness.streamPictures(echo, source, options)) {
        const value = error?.code ?? (outputs!["echo"] as { data: Float32Array }).data[1]!;
        seen.push({ index, value, isSame: picture === source[index] });
      }
      const wanted = source.map((_, index) => ({
        index,
        value: isBad(index) ? "picture-unreadable" : index,
        isSame: true,
      }));
      return { seen, wanted };
    }, order);
    const seen = order === "input" ? result.seen : result.seen.toSorted((a, b) => a.index - b.index);
    expect(seen).toEqual(result.wanted);
  });

  it("pulls its source little further than it is consumed, and closes it when the consumer leaves", async () => {
    const result = await opened.page.evaluate(async () => {
      let givenCount = 0;
      let isClosed = false;
      async function* endless() {
        try {
          for (;;) {
            givenCount++;
            yield harness.pictures.confetti(4, 4);
          }
        } finally {
          isClosed = true;
        }
      }
      const stream = harness.streamPictures(echo, endless(), { scale: 1, width: 4, height: 4 });
      for (let count = 0; count < 5; count++) await stream.next();
      // Enough time to pull the source far ahead.
      await new Promise((resolve) => setTimeout(resolve, 500));
      const givenAfterFive = givenCount;
      await stream.return();
      await new Promise((resolve) => setTimeout(resolve, 100));
      return {
        givenAfterFive,
        isClosed,
        after: (await echoed([harness.pictures.confetti(2, 2)], { width: 2, height: 2 })).length,
      };
    });
    console.log(`pulled ahead: ${result.givenAfterFive}`);
    expect(result.givenAfterFive).toBeLessThan(500);
    expect(result).toMatchObject({ isClosed: true, after: 12 });
  });

  it("ends at once when it is aborted, like predictPictures, and the sharder stays usable", async () => {
    const result = await opened.page.evaluate(async () => {
      const blob = await harness.pictures.encode(harness.pictures.confetti(1500, 1000));
      const abortSoon = () => {
        const controller = new AbortController();
        setTimeout(() => controller.abort(), 60);
        return controller.signal;
      };
      const options = { scale: 1, width: 8, height: 8 };
      const many = Array.from({ length: 400 }, () => blob);
      const predicted = await harness.failureOf(() => echoed(many, { ...options, signal: abortSoon() }));
      const streamed = await harness.failureOf(async () => {
        for await (const _ of harness.streamPictures(echo, many, { ...options, signal: abortSoon() }));
      });
      const silent = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) };
      const waiting = await harness.failureOf(async () => {
        for await (const _ of harness.streamPictures(echo, silent, { ...options, signal: abortSoon() }));
      });
      return { failures: [predicted, streamed, waiting], after: (await echoed([blob], options)).length };
    });
    for (const failure of result.failures) expect(failure).toMatchObject({ name: "AbortError", code: "aborted" });
    expect(result.after).toBe(192);
  });
});

it("a picture on which the model fails wherever it is tried is reported, and the others come", async () => {
  const results = await opened.page.evaluate(async () => {
    const { confetti, encode } = harness.pictures;
    const blob = await encode(confetti(8, 8));
    const { id } = echo.workers[0]!;
    const found: [index: number, code: string | undefined, size: number | undefined][] = [];
    const blobs = Array.from({ length: 12 }, () => blob);
    for await (const { index, error, outputs } of harness.streamPictures(echo, blobs, {
      scale: 1,
      width: 8,
      height: 8,
    })) {
      found.push([index, error?.code, (outputs?.["echo"] as { data: Float32Array } | undefined)?.data.length]);
      // From the first result to the first failure, every run fails.
      if (found.length === 1) await harness.fail(id, 1_000);
      if (error !== undefined) await harness.fail(id, 0);
    }
    return found;
  });
  const failed = results.filter(([, code]) => code !== undefined);
  expect(results.map(([index]) => index)).toEqual(results.map((_, index) => index));
  expect(results).toHaveLength(12);
  expect(failed.length).toBeGreaterThanOrEqual(1);
  expect(failed.length).toBeLessThan(11);
  for (const [, code] of failed) expect(code).toBe("model-failed");
  expect(results.filter(([, , size]) => size === 192)).toHaveLength(12 - failed.length);
});

const modelsDir = process.env["SHARDER_MODELS_DIR"] ?? resolve("../shared/models");
const isTeachableThere = existsSync(resolve(modelsDir, "teachable-machine-image", "metadata.json"));

describe.skipIf(!isTeachableThere)("a Teachable Machine model", () => {
  it("ranks the same classes as TF.js for the same pictures, named by the labels beside it", async () => {
    const { page } = opened;
    await page.route(/public-models\//, (route) =>
      route.fulfill({
        path: resolve(modelsDir, new URL(route.request().url()).pathname.replace(/^.*public-models\//, "")),
      }),
    );
    const result = await page.evaluate(async () => {
      const { confetti, encode, paint, slopes } = harness.pictures;
      const model = "public-models/teachable-machine-image/model.json";
      const labels = (await harness.fetchLabels(model))!;
      const disc = paint(300, 420, (x, y) => ((x - 150) ** 2 + (y - 210) ** 2 < 9000 ? [230, 40, 60] : [40, 60, 30]));
      const all = await Promise.all([slopes(640, 401), confetti(224, 224), disc].map((image) => encode(image)));
      const sharder = await harness.createSharder({ model, workers: [{ backend: "wasm" }, { backend: "wasm" }] });
      const outputs = await harness.predictPictures(sharder, all, labels.pictures);
      const ranked = harness.topK(outputs, labels.labels, 2);
      await sharder.dispose();
      const whole = await harness.runTeachable(model, all, labels.pictures!.width!);
      return { ranked, whole, labels };
    });
    const names = ["Phish URL", "Safe URL"];
    expect(result.labels.labels).toEqual(names);
    expect(result.ranked).toHaveLength(3);
    result.ranked.forEach((classes, picture) => {
      const wanted = result.whole.ranked[picture]!;
      expect(classes.map(({ label, index }) => [label, index])).toEqual(
        wanted.map(({ index }) => [names[index], index]),
      );
      classes.forEach(({ score }, rank) => expect(Math.abs(score - wanted[rank]!.score)).toBeLessThanOrEqual(1e-4));
    });
    // Clear winners, so that the order of the labels is really tested.
    expect(result.whole.ranked.every(([best]) => best!.score > 0.5)).toBe(true);
  });
});
