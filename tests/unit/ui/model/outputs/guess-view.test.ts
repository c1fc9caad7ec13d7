// How outputs are shown: on the shapes of the public models, and on those of well-known kinds of models.
import { describe, expect, it } from "vitest";
import { inspectModel } from "../../../../../src/model/inspect-model.js";
import { findBoxes, placeBox, arePixels } from "../../../../../src/ui/model/outputs/find-boxes.js";
import { findPoints } from "../../../../../src/ui/model/outputs/find-points.js";
import { pictureSizeOf, viewsOf } from "../../../../../src/ui/model/outputs/guess-view.js";
import { sizeOf, type NumberOutput } from "../../../../../src/ui/model/outputs/item-output.js";
import { publicModels, readPublicModel } from "../../../../fixtures/public-models.js";

type Fill = (index: number) => number;
/** Neither probabilities nor whole numbers, beyond any range of coordinates. */
const anything: Fill = (index) => Math.sin(index * 12.9898) * 7;

const output = (
  name: string,
  shape: readonly number[],
  fill: Fill = anything,
  dtype: "float32" | "int32" = "float32",
): NumberOutput => ({
  ...{ name, dtype, shape },
  data: Float32Array.from({ length: sizeOf(shape) }, (_, index) => fill(index)),
});
const first = (one: NumberOutput, all: readonly NumberOutput[] = [one], labels?: number) =>
  viewsOf(one, all, labels)[0];

/** How the outputs of each public model look at first, by shapes alone; values that real inputs give differ where it says so. */
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  antispoof: ["table"],
  "basic-pitch": ["picture", "picture", "picture"],
  "blazeface-front": ["table", "table", "table", "table"],
  emotion: ["classes"],
  facemesh: ["points", "table", "points"],
  "keras-mobilenet-v2": ["classes"],
  meet: ["mask"],
  mobileface: ["table"],
  "teachable-machine-image": ["classes"],
};

describe.skipIf(publicModels.length === 0)("of the public models", () => {
  it.each(Object.entries(EXPECTED))("%s", (name, views) => {
    const { outputs } = inspectModel(readPublicModel(name), false).info;
    // Classifiers end in a softmax. Layers models don't state the shapes of their outputs: these have five and three classes.
    const items = outputs.map(({ name: each, shape = [-1, 5] }) => {
      const item = shape.slice(1);
      const isScores = views.includes("classes");
      return output(each, item, isScores ? () => 1 / sizeOf(item) : anything);
    });
    expect(items.map((item) => first(item, items))).toEqual(views);
  });

  it("handtrack: boxes among eight outputs without telling names", () => {
    const falling: Fill = (index) => 0.9 / (index + 1);
    const outputs = [
      output("Identity_2:0", [100], (index) => 1 + (index % 7)),
      output("Identity_4:0", [100], falling),
      output("Identity_6:0", [12_804, 4]),
      output("Identity_1:0", [100, 4], () => 0.5),
      output("Identity_3:0", [100, 8], () => 0.1),
      output("Identity_5:0", [], () => 100),
      output("Identity:0", [100], (index) => 5000 + index),
      output("Identity_7:0", [12_804, 8], () => 0.1),
    ];
    const found = findBoxes(outputs);
    expect(found?.boxes.name).toBe("Identity_1:0");
    expect(found?.scores?.(1)).toBeCloseTo(0.45);
    expect(found?.classes?.(8)).toBe(2);
    const boxes = outputs.filter((each) => first(each, outputs) === "boxes");
    expect(boxes.map(({ name }) => name)).toEqual(["Identity_1:0"]);
  });
});

describe("boxes", () => {
  it("by the names of TensorFlow's detection models, as many as they state", () => {
    const outputs = [
      output("detection_boxes", [50, 4], () => 0.2),
      output("detection_classes", [50], () => 3),
      output("detection_scores", [50], (index) => 1 - index / 50),
      output("num_detections", [], () => 7),
      output("raw_detection_boxes", [1917, 4]),
    ];
    const found = findBoxes(outputs)!;
    expect([found.boxes.name, found.boxCount, found.classes?.(0), found.scores?.(5)]).toEqual([
      "detection_boxes",
      7,
      3,
      Math.fround(0.9),
    ]);
  });

  it("not by shape alone: four features of each of 50 steps are none", () => {
    const steps = output("features", [50, 4]);
    expect(findBoxes([steps])).toBeUndefined();
    expect(viewsOf(steps, [steps])).toEqual(["table"]);
  });

  it("a single box, and none", () => {
    expect(findBoxes([output("boxes", [1, 4]), output("scores", [1], () => 0.5)])?.boxCount).toBe(1);
    expect(findBoxes([output("boxes", [0, 4]), output("scores", [0])])?.boxCount).toBe(0);
  });

  it("are placed by order, as fractions or pixels", () => {
    const size = { width: 200, height: 100 };
    const box = { left: 0.1, top: 0.2, right: 0.3, bottom: 0.6 };
    const near = (order: Parameters<typeof placeBox>[1], values: number[], isPixels = false) =>
      Object.entries(placeBox(values, order, isPixels, size)).forEach(([side, value]) =>
        expect(value).toBeCloseTo(box[side as keyof typeof box]),
      );
    near("yxyx", [0.2, 0.1, 0.6, 0.3]);
    near("xyxy", [0.1, 0.2, 0.3, 0.6]);
    near("xywh", [0.1, 0.2, 0.2, 0.4]);
    near("centre", [0.2, 0.4, 0.2, 0.4]);
    near("xyxy", [20, 20, 60, 60], true);
    expect([arePixels([0, 0.5, 1.1]), arePixels([0, 0.5, 44])]).toEqual([false, true]);
  });
});

describe("points", () => {
  const pointsOf = (name: string, shape: number[], fill?: Fill) => findPoints(output(name, shape, fill));

  it("of bodies, hands and faces", () => {
    // MoveNet: y, x, score.
    expect(pointsOf("output_0", [1, 17, 3], () => 0.4)).toEqual({ count: 17, stride: 3, order: "yx" });
    expect(pointsOf("Identity_2", [21, 3])).toEqual({ count: 21, stride: 3, order: "xy" });
    expect(pointsOf("ld_3d_landmarks", [195])).toEqual({ count: 65, stride: 3, order: "xy" });
    expect(pointsOf("keypoints", [10, 2])).toMatchObject({ count: 10, stride: 2 });
  });

  it("not of embeddings, probabilities of steps, or anchors", () => {
    expect(pointsOf("Identity", [256])).toBeUndefined();
    expect(pointsOf("Identity", [512, 16])).toBeUndefined();
    expect(pointsOf("Identity", [40, 2], (index) => (index % 2 === 0 ? 0.3 : 0.7))).toBeUndefined();
    expect(pointsOf("Identity", [2, 3, 4])).toBeUndefined();
  });
});

describe("pictures, areas and classes", () => {
  it.each<[string, NumberOutput, string]>([
    ["an enlarged picture", output("upscaled", [48, 40, 3]), "picture"],
    ["depth", output("depth", [256, 256, 1]), "picture"],
    ["depth without channels", output("depth", [256, 256]), "picture"],
    ["channels first", output("y", [3, 64, 64]), "picture"],
    ["twenty-one classes", output("y", [65, 65, 21]), "mask"],
    ["numbers of classes", output("y", [65, 65], (index) => index % 21, "int32"), "mask"],
    ["features", output("y", [7, 7, 1280]), "table"],
    ["a small kernel", output("y", [5, 5, 3]), "table"],
    ["logits", output("y", [10]), "table"],
    ["a number", output("y", []), "table"],
    ["nothing", output("y", [0, 4]), "table"],
  ])("%s", (_, one, view) => expect(first(one)).toBe(view));

  it("logits become classes if there is a label for each, or on request", () => {
    const logits = output("y", [10]);
    expect(first(logits, [logits], 10)).toBe("classes");
    expect(viewsOf(logits, [logits])).toEqual(["table", "classes"]);
    expect(viewsOf({ name: "t", dtype: "string", shape: [2], data: ["a", "b"] }, [])).toEqual(["table"]);
  });

  it("finds the sides", () => {
    expect(pictureSizeOf([48, 40, 3])).toEqual({ height: 48, width: 40, channels: 3, isChannelsFirst: false });
    expect(pictureSizeOf([3, 48, 40])).toEqual({ height: 48, width: 40, channels: 3, isChannelsFirst: true });
    expect(pictureSizeOf([512, 16])).toBeUndefined();
  });
});
