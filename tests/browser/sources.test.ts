// Models from a user's files and from IndexedDB.
import type { Outputs, Tensor } from "inference-sharder";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kerasNet } from "../fixtures/keras-net.js";
import { makeZip } from "../fixtures/make-zip.js";
import { modelFiles } from "../fixtures/model-files.js";
import { openHarness, type OpenPage } from "../harness/launch.js";

let opened: OpenPage;
beforeAll(async () => {
  opened = await openHarness();
});
afterAll(async () => {
  expect(opened.errors).toEqual([]);
  await opened.close();
});

describe("files", () => {
  it("in any order load a model, with the same results as its address", async () => {
    const result = await opened.page.evaluate(async () => {
      const folder = "models/upscale-x2/";
      const json = await (await fetch(`${folder}model.json`)).blob();
      const weights = await (await fetch(`${folder}group1-shard1of1.bin`)).blob();
      const transfer = new DataTransfer();
      transfer.items.add(new File(['{"modelName": "x"}'], "metadata.json"));
      transfer.items.add(new File([weights], "group1-shard1of1.bin"));
      transfer.items.add(new File([json], "model.json"));
      const image = harness.float32([3, 8, 8, 3]);
      const outputs: Tensor[] = [];
      // A FileList, as from an <input type=file> or a drop, and an array.
      for (const model of [`${folder}model.json`, transfer.files, Array.from(transfer.files)]) {
        const sharder = await harness.createSharder({ model, workers: [{ backend: "wasm" }, { backend: "wasm" }] });
        outputs.push((await sharder.predict(image)).upscaled as Tensor);
        await sharder.dispose();
      }
      const [expected, ...others] = outputs;
      return others.map((output) => harness.difference(output, expected!));
    });
    expect(result).toEqual([0, 0]);
  });
});

describe("Keras files and zips", () => {
  /** The colours' model in a folder of a zip, as people pack them. */
  const zipped = makeZip(
    Object.fromEntries(modelFiles(kerasNet(3)).map(({ name, buffer }) => [`my model/${name}`, buffer])),
    { deflate: true },
  );

  it.each([
    ["keras3.keras", "keras3.json"],
    ["keras3-legacy.h5", "keras3-legacy.json"],
    ["keras2.h5", "keras2.json"],
  ])("%s gives the same from its address and as a file: what Keras computed", async (file, results) => {
    const gaps = await opened.page.evaluate(
      async ([file, results]) => {
        const folder = "fixtures/keras-files/";
        const { inputs, outputs } = await (await fetch(folder + results)).json();
        const tensor = (saved: { shape: number[]; data: number[] }): Tensor => ({
          dtype: "float32",
          shape: saved.shape,
          data: Float32Array.from(saved.data),
        });
        const blob = await (await fetch(folder + file)).blob();
        const gaps: number[] = [];
        for (const model of [folder + file, [new File([blob], file)], [new File([blob], "no ending")]]) {
          const fractions: number[] = [];
          const sharder = await harness.createSharder({
            model,
            workers: [{ backend: "wasm" }, { backend: "wasm" }],
            cache: false,
            onProgress: ({ phase, fraction }) => void (phase === "model" && fractions.push(fraction)),
          });
          const received = Object.values(await sharder.predict(tensor(inputs[0])));
          await sharder.dispose();
          gaps.push(harness.difference(received[0]!, tensor(outputs[0])), fractions.at(-1)! - 1);
        }
        return gaps;
      },
      [file, results] as const,
    );
    expect(gaps).toHaveLength(6);
    for (const gap of gaps) expect(gap).toBeLessThan(1e-5);
    await expect.poll(() => opened.page.workers().length).toBe(0);
  });

  it("a zip loads the model.json in it", async () => {
    const base64 = Buffer.from(zipped).toString("base64");
    const gaps = await opened.page.evaluate(async (text) => {
      const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
      const input = harness.float32([5, 8, 8, 3]);
      const outputs: Outputs[] = [];
      for (const model of [harness.kerasNet(3), [new File([bytes], "net.zip")]]) {
        const sharder = await harness.createSharder({ model, workers: [{ backend: "wasm" }] });
        outputs.push(await sharder.predict(input));
        await sharder.dispose();
      }
      return Object.keys(outputs[0]!).map((name) => harness.difference(outputs[1]![name], outputs[0]![name] as Tensor));
    }, base64);
    expect(gaps).toEqual([0, 0]);
  });

  it.each([
    ["cyclic.h5", "model-unsupported", /cyclic\.h5.*model\.save/],
    ["keras3.json", "model-malformed", /modelTopology/],
  ])("%s is refused, and no worker stays", async (file, code, message) => {
    const failure = await opened.page.evaluate(
      (model) => harness.failureOf(() => harness.createSharder({ model, cache: false })),
      `fixtures/keras-files/${file}`,
    );
    expect(failure).toMatchObject({ code, message: expect.stringMatching(message) });
    await expect.poll(() => opened.page.workers().length).toBe(0);
  });

  it("can be aborted while they are read", async () => {
    const failure = await opened.page.evaluate(async () => {
      const blob = await (await fetch("fixtures/keras-files/keras2.h5")).blob();
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 20);
      return harness.failureOf(() =>
        harness.createSharder({ model: [new File([blob], "m.h5")], signal: controller.signal }),
      );
    });
    expect(failure).toMatchObject({ code: "aborted", name: "AbortError" });
    await expect.poll(() => opened.page.workers().length).toBe(0);
  });
});

it.each([
  ["file:///tmp/model.json", /choose the files/],
  ["localstorage://net", /indexeddb:\/\/NAME/],
  ["indexeddb:net", /indexeddb:\/\/NAME/],
  ["http://", /correct it/],
])("%s is refused with advice", async (model, advice) => {
  const failure = await opened.page.evaluate(
    (model) => harness.failureOf(() => harness.createSharder({ model })),
    model,
  );
  expect(failure).toMatchObject({ code: "invalid-options", message: expect.stringMatching(advice) });
});

describe("IndexedDB", () => {
  const load = (address: string) =>
    opened.page.evaluate(
      (model) =>
        harness.failureOf(async () =>
          (await harness.createSharder({ model, workers: [{ backend: "wasm" }] })).dispose(),
        ),
      address,
    );

  it("without any model is refused, and no database is left that TF.js could not use", async () => {
    expect(await load("indexeddb://net")).toMatchObject({
      code: "model-not-found",
      message: expect.stringMatching(/^Expected a model "net" .*received the names none: .*model\.save/),
    });
    expect(await opened.page.evaluate(() => indexedDB.databases())).toEqual([]);
  });

  it("loads what TF.js saved there: layers and graph models", async () => {
    const gaps = await opened.page.evaluate(async () => {
      const { createSharder, kerasNet, randomNet, float32, runWhole, saveModel, difference } = harness;
      const gaps: number[] = [];
      for (const [name, model] of Object.entries({ "my net": kerasNet(3), graph: randomNet({ seed: 4 }) })) {
        await saveModel(model, `indexeddb://${name}`);
        const input = float32([9, 8, 8, 3]);
        const whole = await runWhole("wasm", model, [input]);
        const sharder = await createSharder({
          model: `indexeddb://${name}`,
          workers: [{ backend: "wasm" }, { backend: "wasm" }],
          optimize: false,
        });
        const outputs = Object.values(await sharder.predict(input));
        outputs.forEach((output, index) => gaps.push(difference(output, whole[index]!)));
        await sharder.dispose();
      }
      return gaps;
    });
    expect(gaps).toEqual([0, 0, 0]);
  });

  it("names the models that it has if another is requested", async () => {
    expect(await load("indexeddb://net")).toMatchObject({
      code: "model-not-found",
      message: expect.stringContaining('received the names "graph", "my net"'),
    });
  });

  it("is refused if a record is damaged", async () => {
    await opened.page.evaluate(
      () =>
        new Promise<void>((done, failed) => {
          const request = indexedDB.open("tensorflowjs");
          request.onerror = failed;
          request.onsuccess = () => {
            const transaction = request.result.transaction("models_store", "readwrite");
            transaction.objectStore("models_store").put({ modelPath: "broken", modelArtifacts: { weightSpecs: [] } });
            transaction.oncomplete = () => {
              request.result.close();
              done();
            };
          };
        }),
    );
    expect(await load("indexeddb://broken")).toMatchObject({ code: "model-malformed" });
  });
});
