import { existsSync, readdirSync } from "node:fs";
import { resolve } from "node:path";
import type { Route } from "playwright";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { openHarness, type OpenPage } from "../harness/launch.js";

const MODEL = "models/upscale-x2/model.json";
const JSON_URL = /upscale-x2\/model\.json/;
const WEIGHTS_URL = /upscale-x2\/.*\.bin/;

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness();
});
afterAll(async () => {
  await opened.close();
});
afterEach(async () => {
  await opened.page.unrouteAll();
  // Every test starts without a kept model.
  await opened.page.evaluate(async () => Promise.all((await caches.keys()).map((name) => caches.delete(name))));
});

const load = (model: string) =>
  opened.page.evaluate(
    (model) =>
      harness.failureOf(async () => (await harness.createSharder({ model, workers: [{ backend: "wasm" }] })).dispose()),
    model,
  );

describe("a model from an address", () => {
  it("is downloaded while the workers' engines start, on a first visit and on later ones", async () => {
    for (const visit of ["first", "second"]) {
      // Its answer waits for the engine's file, which only a worker that starts asks for. A page that waits for the model first waits for ever.
      let engineCame!: () => void;
      const isEngineThere = new Promise<void>((resolve) => (engineCame = resolve));
      const noteEngine = (request: { url(): string }) =>
        /tfjs-backend-wasm.*\.wasm/.test(request.url()) && engineCame();
      opened.page.on("request", noteEngine);
      await opened.page.route(JSON_URL, async (route) => {
        await isEngineThere;
        await route.continue();
      });
      expect(await load(MODEL), visit).toBeUndefined();
      opened.page.off("request", noteEngine);
      await opened.page.unroute(JSON_URL);
    }
  });

  it("leaves no worker behind that was started for a model that is not there", async () => {
    const before = opened.page.workers().length;
    expect(await load("models/nothing/model.json")).toMatchObject({ code: "model-not-found" });
    await expect.poll(() => opened.page.workers().length).toBe(before);
  });

  it("is downloaded once for all workers, with progress by bytes", async () => {
    const requests: string[] = [];
    const listener = (request: { url(): string }) => requests.push(request.url());
    opened.page.on("request", listener);
    const { progress, model } = await opened.page.evaluate(async (url) => {
      const progress: { phase: string; loadedBytes: number; totalBytes: number | undefined; fraction: number }[] = [];
      const sharder = await harness.createSharder({
        model: url,
        workers: [{ backend: "wasm" }, { backend: "wasm" }, { backend: "cpu" }],
        onProgress: (step) => progress.push(step),
      });
      await sharder.dispose();
      return { progress, model: sharder.model };
    }, MODEL);
    opened.page.off("request", listener);
    expect(requests.filter((url) => JSON_URL.test(url))).toHaveLength(1);
    expect(requests.filter((url) => WEIGHTS_URL.test(url))).toHaveLength(1);
    const bytes = progress.filter(({ phase }) => phase === "model");
    expect(bytes.at(-1)).toMatchObject({ fraction: 1, loadedBytes: bytes.at(-1)!.totalBytes });
    expect(progress.at(-1)).toMatchObject({ phase: "workers", fraction: 1 });
    expect(model).toMatchObject({
      format: "graph-model",
      inputs: [{ name: "image", shape: [-1, -1, -1, 3], dtype: "float32" }],
      outputs: [{ name: "upscaled" }],
      batchMode: "batched",
    });
    expect(model.weightBytes).toBeLessThanOrEqual(300_000);
  });

  it("may be a layers model, whose outputs have the config's names however often it is loaded", async () => {
    const result = await opened.page.evaluate(async () => {
      const { createSharder, kerasNet, float32, runWhole, difference } = harness;
      const model = kerasNet(3);
      const input = float32([37, 8, 8, 3]);
      const whole = await runWhole("wasm", model, [input]);
      const gaps: number[] = [];
      let names: string[] = [];
      for (let load = 0; load < 2; load++) {
        const sharder = await createSharder({
          optimize: false,
          model,
          workers: [{ backend: "wasm" }, { backend: "wasm" }],
          quantumMs: 2,
        });
        const outputs = await sharder.predict({ picture: input });
        names = Object.keys(outputs);
        gaps.push(difference(outputs.joined, whole[0]!), difference(outputs.pooled, whole[1]!));
        await sharder.dispose();
      }
      return { gaps, names };
    });
    expect(result).toEqual({ gaps: [0, 0, 0, 0], names: ["joined", "pooled"] });
  });

  it("also loads without cross-origin isolation, where no memory can be shared", async () => {
    const plain = await openHarness({ isolated: false });
    try {
      const result = await plain.page.evaluate(async () => {
        const { createSharder, randomNet, float32, runWhole, difference } = harness;
        const model = randomNet({ seed: 9 });
        const input = float32([20, 8, 8, 3]);
        const sharder = await createSharder({
          optimize: false,
          model,
          workers: [{ backend: "wasm" }, { backend: "wasm" }],
        });
        const outputs = await sharder.predict(input);
        await sharder.dispose();
        return {
          isIsolated: crossOriginIsolated,
          gap: difference(outputs.features, (await runWhole("wasm", model, [input]))[0]!),
        };
      });
      expect(result).toEqual({ isIsolated: false, gap: 0 });
      expect(plain.errors).toEqual([]);
    } finally {
      await plain.close();
    }
  });

  interface BrokenAnswer {
    readonly url: RegExp;
    readonly answer: (route: Route) => Promise<void>;
    readonly code: string;
    readonly message: RegExp;
  }

  const brokenAnswers: Readonly<Record<string, BrokenAnswer>> = {
    "is missing": {
      url: JSON_URL,
      answer: (route) => route.fulfill({ status: 404 }),
      code: "model-not-found",
      message: /HTTP 404/,
    },
    "is an HTML page": {
      url: JSON_URL,
      answer: (route) => route.fulfill({ body: "<!doctype html><p>Hi", contentType: "text/html" }),
      code: "model-malformed",
      message: /HTML page/,
    },
    "is not JSON": {
      url: JSON_URL,
      answer: (route) => route.fulfill({ body: '{"modelTopology": ' }),
      code: "model-malformed",
      message: /Expected JSON/,
    },
    "is JSON of another kind": {
      url: JSON_URL,
      answer: (route) => route.fulfill({ body: '{"name": "x"}' }),
      code: "model-malformed",
      message: /modelTopology/,
    },
    "can't be reached": {
      url: JSON_URL,
      answer: (route) => route.abort("connectionrefused"),
      code: "model-network",
      message: /network/,
    },
    "lacks its weight file": {
      url: WEIGHTS_URL,
      answer: (route) => route.fulfill({ status: 404 }),
      code: "weights-missing",
      message: /\.bin.*HTTP 404/,
    },
    "has an HTML page for weights": {
      url: WEIGHTS_URL,
      answer: (route) => route.fulfill({ body: "<p>", contentType: "text/html" }),
      code: "weights-missing",
      message: /HTML page/,
    },
    "has truncated weights": {
      url: WEIGHTS_URL,
      answer: (route) => route.fulfill({ body: Buffer.alloc(1000) }),
      code: "weights-truncated",
      message: /received 1000/,
    },
  };

  it.each(Object.entries(brokenAnswers))("is refused when it %s", async (_what, { url, answer, code, message }) => {
    await opened.page.route(url, answer);
    const failure = await load(MODEL);
    expect(failure).toMatchObject({ name: "ShardError", code });
    expect(failure!.message).toMatch(message);
    expect(failure!.message).toMatch(/^Expected .*, received .*: /s);
    await expect.poll(() => opened.page.workers().length).toBe(0);
  });

  it("reports an operation that TF.js does not know", async () => {
    const failure = await opened.page.evaluate(async () => {
      const model = harness.randomNet({ seed: 1 });
      (model.modelTopology as { node: { op: string }[] }).node.find(({ op }) => op === "Conv2D")!.op = "NoSuchOp";
      return harness.failureOf(async () => {
        const sharder = await harness.createSharder({ model, workers: [{ backend: "wasm" }] });
        await sharder.predict(harness.float32([1, 8, 8, 3])).finally(() => sharder.dispose());
      });
    });
    expect(failure).toMatchObject({ name: "ShardError", code: "model-unsupported" });
    expect(failure!.message).toMatch(/NoSuchOp/);
  });
});

const modelsDir = process.env["SHARDER_MODELS_DIR"] ?? resolve("../shared/models");
const publicModels = existsSync(modelsDir)
  ? readdirSync(modelsDir).filter((name) => existsSync(resolve(modelsDir, name, "model.json")))
  : [];

/** Public models made by others. Without their folder, `npm test` reports these tests as skipped. */
describe.skipIf(publicModels.length === 0)("public models", () => {
  /** Control flow and Keras nets of 224² pixels take long, but batches of three items still make two shards. */
  it.each(publicModels.length === 0 ? ["none"] : publicModels)(
    "%s: a sharded batch equals single items, bit for bit",
    async (name) => {
      await opened.page.route(/public-models\//, (route) =>
        route.fulfill({
          path: resolve(modelsDir, new URL(route.request().url()).pathname.replace(/^.*public-models\//, "")),
        }),
      );
      const result = await opened.page.evaluate(async (name) => {
        const { createSharder, noise } = harness;
        const sharder = await createSharder({
          optimize: false,
          model: `public-models/${name}/model.json`,
          workers: [{ backend: "wasm" }, { backend: "wasm" }],
        });
        const inputs = Object.fromEntries(
          sharder.model.inputs.map(({ name, shape, dtype }, index) => {
            const [, ...item] = (shape ?? []).map((size) => (size === -1 ? 64 : size));
            const length = 3 * item.reduce((product, size) => product * size, 1);
            const values = noise(length, index + 1);
            return [
              name,
              dtype === "int32"
                ? { dtype, shape: [3, ...item], data: Int32Array.from(values, (value) => value * 255) }
                : { dtype: "float32" as const, shape: [3, ...item], data: values },
            ];
          }),
        );
        const all = await sharder.predict(inputs);
        const flat = (value: (typeof all)[string]): number[][] =>
          (value.dtype === "ragged" ? value.items : [value]).map(({ data }) => Array.from(data as Float32Array));
        const singly: Record<string, number[]> = {};
        for (let item = 0; item < 3; item++) {
          const one = Object.fromEntries(
            Object.entries(inputs).map(([key, { dtype, shape, data }]) => {
              const size = data.length / 3;
              return [
                key,
                { dtype, shape: [1, ...shape.slice(1)], data: data.slice(item * size, (item + 1) * size) } as never,
              ];
            }),
          );
          for (const [key, value] of Object.entries(await sharder.predict(one)))
            (singly[key] ??= []).push(...flat(value).flat());
        }
        await sharder.dispose();
        const same = Object.entries(all).map(([key, value]) => {
          const numbers = flat(value).flat();
          return (
            numbers.length === singly[key]!.length &&
            numbers.every((number, index) => Object.is(number, singly[key]![index]))
          );
        });
        return {
          same,
          mode: sharder.model.batchMode,
          names: Object.keys(all),
          declared: sharder.model.outputs.map((output) => output.name),
        };
      }, name);
      expect(result.same.length).toBeGreaterThan(0);
      expect(result.same.every(Boolean)).toBe(true);
      expect(result.names.sort()).toEqual(result.declared.sort());
    },
  );
});
