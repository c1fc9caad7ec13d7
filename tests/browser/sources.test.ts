// Models from a user's files and from IndexedDB.
import type { Tensor } from "inference-sharder";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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

  it("in an archive are refused with the advice to unpack it", async () => {
    const failure = await opened.page.evaluate(() =>
      harness.failureOf(() => harness.createSharder({ model: [new File(["PK"], "net.zip")] })),
    );
    expect(failure).toMatchObject({ code: "model-not-found", message: expect.stringContaining("unpack") });
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
