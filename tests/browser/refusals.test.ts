import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openHarness, type OpenPage } from "../harness/launch.js";

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness();
});
afterAll(async () => {
  await opened.close();
});

it("refuses bad inputs one by one, and runs the good one that follows", async () => {
  const { failures, shape } = await opened.page.evaluate(async () => {
    const { createSharder, randomNet, float32, failureOf } = harness;
    const sharder = await createSharder({
      model: randomNet({ seed: 1, sideInput: true }),
      workers: [{ backend: "wasm" }],
    });
    const image = float32([2, 8, 8, 3]);
    const shift = float32([4]);
    const bad: Record<string, unknown> = {
      "a single tensor for two inputs": image,
      "a missing input": { image },
      "an unknown name": { image, shift, extra: shift },
      "a wrong rank": { image: float32([8, 8, 3]), shift },
      "a wrong size": { image: float32([2, 9, 8, 3]), shift },
      "a wrong side input": { image, shift: float32([5]) },
      "a wrong dtype": {
        image: { dtype: "int32", shape: image.shape, data: new Int32Array(image.data.length) },
        shift,
      },
      "data of another type": { image: { ...image, data: new Float64Array(image.data.length) }, shift },
      "data of another length": { image: { ...image, data: new Float32Array(5) }, shift },
      "an empty batch": { image: float32([0, 8, 8, 3]), shift },
      nothing: undefined,
      text: "cat.jpg",
    };
    const failures: Record<string, unknown> = {};
    for (const [what, inputs] of Object.entries(bad))
      failures[what] = await failureOf(() => sharder.predict(inputs as never));
    const { features } = await sharder.predict({ image, shift });
    // The caller's buffers are neither detached nor changed.
    const isKept = image.data.length === 2 * 8 * 8 * 3 && shift.data.length === 4;
    await sharder.dispose();
    return { failures, shape: isKept ? features?.shape : undefined };
  });
  expect(Object.keys(failures)).toHaveLength(12);
  for (const [what, failure] of Object.entries(failures)) {
    expect(failure, what).toMatchObject({
      name: "ShardError",
      code: "invalid-input",
      message: expect.stringMatching(/^Expected .*received .*: /s),
    });
  }
  expect(shape).toEqual([2, 8, 8, 4]);
});

it("refuses bad options", async () => {
  const codes = await opened.page.evaluate(async () => {
    const { createSharder, randomNet, failureOf } = harness;
    const model = randomNet({ seed: 1 });
    const bad: unknown[] = [
      undefined,
      {},
      { model: 5 },
      { model, workers: [] },
      { model, workers: "all" },
      { model, policy: "fastest" },
      { model, quantumMs: 0 },
      { model, quantumMs: Number.NaN },
      { model, split: "rows" },
      { model, verify: 2 },
      { model, maxWorkerBytes: -1 },
      { model, workers: [{ backend: "webgpu", powerPreference: "turbo" }] },
      { model, workers: [{ backend: "metal" }] },
      { model, maxWorkerBytes: 10 },
    ];
    const codes: (string | undefined)[] = [];
    for (const options of bad) codes.push((await failureOf(() => createSharder(options as never)))?.code);
    return codes;
  });
  expect(codes).toEqual([
    ...Array.from({ length: 12 }, () => "invalid-options"),
    "unknown-backend",
    "model-unsupported",
  ]);
});

it("says what to do with a Keras model with a layer of its own", async () => {
  const failures = await opened.page.evaluate(async () => {
    const { createSharder, failureOf } = harness;
    const model = {
      modelTopology: {
        class_name: "Sequential",
        config: {
          name: "sequential",
          layers: [
            {
              class_name: "MyOwnLayer",
              config: { name: "norm", batch_input_shape: [null, 4] },
            },
          ],
        },
      },
      weightSpecs: [],
      weightData: new ArrayBuffer(0),
    };
    return Promise.all(
      [true, false].map((optimize) =>
        failureOf(() => createSharder({ model, optimize, workers: [{ backend: "wasm" }] })),
      ),
    );
  });
  for (const failure of failures) {
    expect(failure).toMatchObject({
      code: "model-unsupported",
      message: expect.stringMatching(/received .*MyOwnLayer.*tensorflowjs_converter/),
    });
  }
});

it("does without a backend that the browser lacks, and says why; refuses if none is left", async () => {
  const page = await opened.browser.newPage();
  try {
    await page.goto(opened.page.url());
    // A script that can't be loaded simulates a browser without the backend: it fails before our code runs.
    await page.route(/webgpu-.*\.js/, (route) => route.abort());
    const result = await page.evaluate(async () => {
      const { createSharder, randomNet, float32, failureOf } = harness;
      const model = randomNet({ seed: 1 });
      const sharder = await createSharder({ model, workers: [{ backend: "webgpu" }, { backend: "wasm" }] });
      const { features } = await sharder.predict(float32([3, 8, 8, 3]));
      const workers = sharder.workers.map(({ backend, state, lastError }) => ({
        backend,
        state,
        code: lastError?.code,
        message: lastError?.message,
      }));
      await sharder.dispose();
      const none = await failureOf(() =>
        createSharder({ model, workers: [{ backend: "webgpu" }, { backend: "webgpu" }] }),
      );
      return { workers, shape: features?.shape, none };
    });
    expect(result.workers).toMatchObject([
      { backend: "webgpu", state: "dead", code: "backend-unavailable" },
      { backend: "wasm", state: "ready", code: undefined },
    ]);
    expect(result.shape).toEqual([3, 8, 8, 4]);
    expect(result.none).toMatchObject({ code: "no-workers" });
    await expect.poll(() => page.workers().length).toBe(0);
  } finally {
    await page.close();
  }
});

it("says that the browser has no WebGPU", async () => {
  const { chromium } = await import("playwright");
  const { chromiumArgs, findChromium } = await import("../../scripts/browser.mjs");
  const executablePath = await findChromium();
  const args = chromiumArgs().filter((arg) => !/webgpu/.test(arg));
  const browser = await chromium.launch({
    ...(executablePath ? { executablePath } : {}),
    args: [...args, "--disable-features=WebGPU", "--disable-blink-features=WebGPU"],
  });
  try {
    const page = await browser.newPage();
    await page.goto(opened.page.url());
    const result = await page.evaluate(async () => {
      const { createSharder, randomNet, failureOf } = harness;
      const none = await failureOf(() =>
        createSharder({ model: randomNet({ seed: 1 }), workers: [{ backend: "webgpu" }] }),
      );
      const auto = await createSharder({ model: randomNet({ seed: 1 }) });
      const backends = auto.workers.map(({ backend }) => backend);
      await auto.dispose();
      return { none, backends, cores: navigator.hardwareConcurrency };
    });
    expect(result.none).toMatchObject({
      code: "no-workers",
      message: expect.stringMatching(/WebGPU.*use "webgl" or "wasm"/s),
    });
    expect(result.backends).toEqual(Array.from({ length: result.cores }, () => "wasm"));
  } finally {
    await browser.close();
  }
});

describe("a backend whose WebAssembly does not start says why:", () => {
  const start = () =>
    opened.page.evaluate(() =>
      harness.failureOf(() =>
        harness.createSharder({ model: harness.randomNet({ seed: 1 }), workers: [{ backend: "wasm" }] }),
      ),
    );

  it.each([
    [
      "an HTML page",
      { body: "<!doctype html><p>", contentType: "text/html" },
      /received no.*an HTML page at http.*\.wasm.*serve the \.wasm files/s,
    ],
    ["HTTP 404", { status: 404 }, /HTTP 404 at http.*\.wasm/],
    ["a Git LFS pointer", { body: "version https://git-lfs.github.com/spec/v1\n" }, /a Git LFS pointer at/],
  ])("%s in its place", async (_what, answer, message) => {
    await opened.page.route(/\.wasm$/, (route) => route.fulfill(answer));
    expect(await start()).toMatchObject({ code: "no-workers", message: expect.stringMatching(message) });
    await opened.page.unrouteAll();
  });

  it("a policy that forbids it", async () => {
    await opened.page.route(/\/wasm-[^/]*\.js$/, async (route) => {
      const response = await route.fetch();
      const headers = { ...response.headers(), "content-security-policy": "script-src 'self'" };
      await route.fulfill({ response, headers });
    });
    expect(await start()).toMatchObject({ code: "no-workers", message: expect.stringContaining("'wasm-unsafe-eval'") });
    await opened.page.unrouteAll();
  });

  it("and the reader of Keras files too", async () => {
    await opened.page.route(/\/model-reader-[^/]*\.js$/, async (route) => {
      const response = await route.fetch();
      const headers = { ...response.headers(), "content-security-policy": "script-src 'self'" };
      await route.fulfill({ response, headers });
    });
    const failure = await opened.page.evaluate(() =>
      harness.failureOf(() => harness.createSharder({ model: "fixtures/keras-files/keras2.h5", cache: false })),
    );
    expect(failure).toMatchObject({
      code: "backend-unavailable",
      message: expect.stringContaining("'wasm-unsafe-eval'"),
    });
    await opened.page.unrouteAll();
  });
});
