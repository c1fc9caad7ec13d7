// What is refused before any picture is decoded; the rest needs a browser (tests/browser, tests/e2e).
import { expect, it } from "vitest";
import { upscalePicture } from "../../../src/jobs/upscale-picture.js";
import type { Sharder } from "../../../src/sharder/sharder.js";
import { rejected } from "../../fixtures/caught.js";
import { idleSharder } from "../../fixtures/idle-sharder.js";
import { randomNet } from "../../fixtures/random-net.js";

function sharderOf(metadata: object): Promise<Sharder> {
  const model = randomNet({ seed: 1 });
  const userDefinedMetadata = { ...model.userDefinedMetadata, ...metadata };
  return idleSharder({ ...model, userDefinedMetadata });
}

const picture = new Blob(["no picture at all"]);

it.each<[{ scale?: unknown; halo?: unknown }]>([
  [{}],
  [{ scale: 2 }],
  [{ halo: 8 }],
  [{ scale: "2", halo: 8 }],
  [{ scale: 1.5, halo: 8 }],
  [{ scale: 2, halo: NaN }],
  [{ scale: 0, halo: 8 }],
  [{ scale: 2, halo: -1 }],
])("refuses a model that does not state its scale and halo: %j", async (metadata) => {
  const words = [String(metadata.scale), String(metadata.halo)];
  await rejected(
    "model-unsupported",
    upscalePicture(await sharderOf(metadata), picture),
    '"scale" ≥ 1 and "halo" ≥ 0',
    ...words,
  );
});

it("does not start for a signal that has been aborted", async () => {
  const reason = new Error("left the page");
  const signal = AbortSignal.abort(reason);
  const error = await rejected("aborted", upscalePicture(await sharderOf({ scale: 2, halo: 8 }), picture, { signal }));
  expect(error.cause).toBe(reason);
});
