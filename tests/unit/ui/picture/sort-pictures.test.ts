import { expect, it } from "vitest";
import { lossText, modelName, runsWithText, sizesText } from "../../../../src/ui/picture/picture-words.js";
import { sortPictures } from "../../../../src/ui/picture/sort-pictures.js";

const file = (path: string, type = ""): File => {
  const made = new File(["x"], path.split("/").at(-1)!, { type });
  return Object.defineProperty(made, "webkitRelativePath", { value: path.includes("/") ? path : "" });
};
const names = (files: readonly File[]) => sortPictures(files).pictures.map(({ name, path }) => path ?? name);

it("takes all pictures, and whatever was chosen by itself", () => {
  expect(names([file("a.png", "image/png"), file("b.jpg", "image/jpeg")])).toEqual(["a.png", "b.jpg"]);
  // It will be refused with its reason.
  expect(names([file("notes.txt", "text/plain")])).toEqual(["notes.txt"]);
});

it("leaves out what else lies in a folder, but not pictures that browsers don't decode", () => {
  const files = [
    file("trip/a.png", "image/png"),
    file("trip/b.HEIC"),
    file("trip/Thumbs.db"),
    file("trip/a.png.json", "application/json"),
  ];
  expect(names(files)).toEqual(["trip/a.png", "trip/b.HEIC"]);
  expect(sortPictures(files).leftOut).toBe(2);
});

it("recognises models, and labels without one", () => {
  for (const path of ["net/model.json", "net.keras", "net.h5", "net.onnx", "net.zip", "group1-shard1of2.bin"]) {
    expect(sortPictures([file(path), file("net/a.png", "image/png")]), path).toMatchObject({
      isModel: true,
      pictures: [],
    });
  }
  expect(sortPictures([file("labels.txt", "text/plain")]).labels?.name).toBe("labels.txt");
  expect(sortPictures([file("metadata.json")]).labels?.name).toBe("metadata.json");
  expect(sortPictures([file("notes.txt")]).labels).toBeUndefined();
});

it("says what is enlarged, by what and with which losses", () => {
  expect(sizesText({ width: 480, height: 320 }, 2)).toBe("480 × 320 → 960 × 640");
  expect(modelName("models/upscale-x2/model.json")).toBe("upscale-x2");
  expect(modelName("https://example.org/nets/tiny.h5?v=2")).toBe("tiny.h5");
  const worker = { id: "", backend: "wasm", state: "ready" } as const;
  const workers = [worker, { ...worker, state: "busy" }, { ...worker, backend: "webgl" }, { ...worker, state: "dead" }];
  expect(runsWithText("a/b/model.json", workers as never)).toBe(
    "The model b runs on 3\u00a0workers: 2 × wasm, 1 × webgl.",
  );
  expect(lossText({ colourSpace: "srgb", losses: [] })).toBe("");
  expect(lossText({ colourSpace: "display-p3", losses: ["frames"] })).toBe(
    "Its Display P3 colours are kept. It is an animation, of which only the first frame is enlarged.",
  );
  expect(lossText({ colourSpace: "srgb", losses: ["colours", "depth"] })).toBe(
    "It has colours beyond sRGB, which become the nearest ones that sRGB has. Its colours have more than 8 bits per channel; the result has 8.",
  );
});
