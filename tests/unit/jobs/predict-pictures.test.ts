// What is refused before any picture is decoded; the rest needs a browser (tests/browser/pictures.test.ts).
import { expect, it } from "vitest";
import { predictPictures } from "../../../src/jobs/predict-pictures.js";
import { streamPictures } from "../../../src/jobs/stream-pictures.js";
import type { Picture } from "../../../src/jobs/picture-worker.js";
import { rejected } from "../../fixtures/caught.js";
import { idleSharder } from "../../fixtures/idle-sharder.js";
import { randomNet } from "../../fixtures/random-net.js";

const model = randomNet({ seed: 1 });
const sharder = await idleSharder(model);
const scale = 1 / 255;
const picture = new Blob(["no picture at all"]);

it("refuses what are no pictures, by index and kind", async () => {
  const refused = (pictures: unknown, ...words: string[]) =>
    rejected("invalid-input", predictPictures(sharder, pictures as Picture[], { scale }), ...words);
  await refused([], "an empty list");
  await refused(picture, "list of pictures", "object");
  await refused(["cat.png"], "picture 0", "string");
  await refused([null], "picture 0", "Null");
  await refused([{}], "picture 0", "Object");
  await refused([{ [Symbol.toStringTag]: "HTMLImageElement" }], "picture 0", "createImageBitmap(element)");
  const streamed = (pictures: unknown) => streamPictures(sharder, pictures as Picture[], { scale }).next();
  await rejected("invalid-input", streamed("cat.png"), "iterable", "string");
  await rejected("invalid-input", streamed([7]), "picture 0", "number");
});

it("refuses pictures of which nobody says what their values mean", async () => {
  await rejected("invalid-options", predictPictures(sharder, [picture]), '"scale"');
  await rejected("invalid-options", streamPictures(sharder, [picture]).next(), '"scale"');
});

it("does not start for a signal that has been aborted", async () => {
  const reason = new Error("left the page");
  const options = { scale, signal: AbortSignal.abort(reason) };
  expect((await rejected("aborted", predictPictures(sharder, [picture], options))).cause).toBe(reason);
  expect((await rejected("aborted", streamPictures(sharder, [picture], options).next())).cause).toBe(reason);
});
