import { expect, it } from "vitest";
import { describeRun, readDescription, restoreRun } from "../../../../src/ui/model/kept-run.js";
import type { LoadRequest, RunRequest } from "../../../../src/ui/model/model-request.js";

const file = (name: string): File => new File([name], name);
const loads: readonly LoadRequest[] = [
  { model: "models/a/model.json", labels: undefined, split: "auto" },
  { model: [file("model.json"), file("w.bin")], labels: file("labels.txt"), split: "layers" },
];
const sizes = { "1 image": 20 };
const runs: readonly RunRequest[] = [
  { kind: "random", itemCount: 7, sizes },
  { kind: "pictures", pictures: [file("a.png"), file("b.png")], values: "imagenet", fit: "cover", sizes },
  { kind: "tensors", files: { x: file("x.csv"), "y:0": file("y.npy") }, itemCount: 12, sizes },
];

it("gives back every kind of run as it was, through JSON", () => {
  for (const load of loads) {
    for (const run of runs) {
      const { description, files } = describeRun(load, run);
      const read = readDescription(JSON.parse(JSON.stringify(description)));
      expect(restoreRun(read!, files)).toEqual({ load, run });
    }
  }
});

it("takes nothing that another version has kept", () => {
  const { description } = describeRun(loads[0]!, runs[0]!);
  for (const key of Object.keys(description).filter((name) => name !== "address")) {
    expect(readDescription({ ...description, [key]: Symbol(key) })).toBeUndefined();
  }
  for (const other of [undefined, null, 5, "", [], {}, { ...description, address: 5 }]) {
    expect(readDescription(other)).toBeUndefined();
  }
});
