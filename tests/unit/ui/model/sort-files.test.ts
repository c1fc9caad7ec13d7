import fc from "fast-check";
import { expect, it } from "vitest";
import { sortFiles } from "../../../../src/ui/model/sort-files.js";

const file = (name: string, type = "") => new File([name], name, { type });

it("separates pictures, labels and the files of a model", () => {
  const picture = file("cat.weights", "image/png");
  const json = file("model.json", "application/json");
  const weights = [file("group1-shard1of2"), file("weights.bin"), file("a.dat", "application/octet-stream")];
  const labels = file("metadata.json", "application/json");
  expect(sortFiles([...weights, picture, labels, json])).toEqual({
    pictures: [picture],
    model: [...weights, json],
    labels,
    tensors: [],
  });
});

it.each(["metadata.json", "labels.txt", "Labels.json", "label.json", "classes.json", "imagenet.txt"])(
  "takes %s for labels",
  (name) => {
    const labels = file(name);
    expect(sortFiles([labels])).toEqual({ pictures: [], model: [], labels, tensors: [] });
  },
);

it.each(["model.json", "my-metadata.json", "weights_manifest.json", "group1-shard1of1.bin", "txt"])(
  "takes %s for a part of the model",
  (name) => {
    const part = file(name);
    expect(sortFiles([part])).toEqual({ pictures: [], model: [part], labels: undefined, tensors: [] });
  },
);

it("takes no part of an unpacked .keras file for labels", () => {
  const files = ["metadata.json", "config.json", "model.weights.h5", "vocabulary.txt"].map((name) => file(name));
  const labels = file("labels.txt");
  expect(sortFiles([...files, labels])).toEqual({ pictures: [], model: files, labels, tensors: [] });
});

it("keeps every picture and every part of a model, in order", () => {
  const names = fc.constantFrom("a.png", "model.json", "w.bin", "metadata.json");
  fc.assert(
    fc.property(fc.array(names), (all) => {
      const files = all.map((name) => file(name, name.endsWith(".png") ? "image/png" : ""));
      const { pictures, model } = sortFiles(files);
      expect(pictures).toEqual(files.filter(({ name }) => name === "a.png"));
      expect(model).toEqual(files.filter(({ name }) => name === "model.json" || name === "w.bin"));
    }),
  );
});

it("takes tables and arrays for inputs", () => {
  const tensors = [file("x.csv", "text/csv"), file("y.NPY"), file("z.tsv")];
  expect(sortFiles([...tensors, file("model.json")])).toMatchObject({ tensors, model: [expect.anything()] });
});
