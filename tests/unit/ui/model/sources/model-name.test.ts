import { expect, it } from "vitest";
import { modelNameOf } from "../../../../../src/ui/model/sources/model-name.js";

it.each([
  ["models/upscale-x2/model.json", "upscale-x2"],
  ["https://example.com/nets/mobilenet/model.json?token=1#x", "mobilenet"],
  ["https://huggingface.co/someone/depth-net/resolve/main/model.json", "depth-net"],
  ["https://example.com/nets/mobilenet/", "mobilenet"],
  ["nets/classifier.keras", "classifier"],
  ["https://example.com/My%20Net/tfjs_model/model.json", "My Net"],
  ["https://example.com/", "example.com"],
  ["indexeddb://my net", "my net"],
  ["model.json", "model"],
  ["%E0%A4%A", "%E0%A4%A"],
])("%s is called %s", (address, name) => expect(modelNameOf(address)).toBe(name));

it("files are called after the folder around them, or by their own name", () => {
  const file = (path: string, isInFolder = path.includes("/")): File => {
    const made = new File([], path.split("/").at(-1)!);
    return isInFolder ? Object.defineProperty(made, "webkitRelativePath", { value: path }) : made;
  };
  expect(modelNameOf([file("pose/group1-shard1of1.bin"), file("pose/model.json")])).toBe("pose");
  expect(modelNameOf([file("weights.bin"), file("hand-net.json")])).toBe("hand-net");
  expect(modelNameOf([file("notes.txt"), file("net.keras")])).toBe("net");
  expect(modelNameOf([file("model.json")])).toBe("model");
  expect(modelNameOf([])).toBe("");
});
