import { expect, it } from "vitest";
import { readNpy } from "../../../../../src/ui/model/tensors/npy.js";
import { filesInNpz } from "../../../../../src/ui/model/tensors/read-npz.js";

// Made by NumPy 2.1: numpy.savez(file, image=numpy.arange(12, dtype="<f4").reshape(3, 2, 2), rate=numpy.array([[1], [2], [3]], dtype="i8"))
const SAVEZ =
  "UEsDBBQAAAAAAAAAIQAi8zQlsAAAALAAAAAJABQAaW1hZ2UubnB5AQAQALAAAAAAAAAAsAAAAAAAAACTTlVNUFkBAHYAeydkZXNj" +
  "cic6ICc8ZjQnLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMywgMiwgMiksIH0gICAgICAgICAgICAgICAgICAg" +
  "ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgCgAAAAAAAIA/AAAAQAAAQEAAAIBAAACgQAAAwEAAAOBAAAAAQQAA" +
  "EEEAACBBAAAwQVBLAwQUAAAAAAAAACEA0q8PKJgAAACYAAAACAAUAHJhdGUubnB5AQAQAJgAAAAAAAAAmAAAAAAAAACTTlVNUFkB" +
  "AHYAeydkZXNjcic6ICc8aTgnLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMywgMSksIH0gICAgICAgICAgICAg" +
  "ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgCgEAAAAAAAAAAgAAAAAAAAADAAAAAAAAAFBLAQIU" +
  "AxQAAAAAAAAAIQAi8zQlsAAAALAAAAAJAAAAAAAAAAAAAACAAQAAAABpbWFnZS5ucHlQSwECFAMUAAAAAAAAACEA0q8PKJgAAACY" +
  "AAAACAAAAAAAAAAAAAAAgAHrAAAAcmF0ZS5ucHlQSwUGAAAAAAIAAgBtAAAAvQEAAAAA";
// As above, by numpy.savez_compressed.
const COMPRESSED =
  "UEsDBBQAAAAIAAAAIQAi8zQlZwAAALAAAAAJABQAaW1hZ2UubnB5AQAQALAAAAAAAAAAZwAAAAAAAACb7BfqGxDJyFDGUK2eklqc" +
  "XKRupaBuk2airqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RrGOgpGQKSpo1CrQB7gYgCDBnsg4QBEQNwAxAuA+AAQPwBi" +
  "BkcGBgEgVgBiA0cAUEsDBBQAAAAIAAAAIQDSrw8oTwAAAJgAAAAIABQAcmF0ZS5ucHkBABAAmAAAAAAAAABPAAAAAAAAAJvsF+ob" +
  "EMnIUMZQrZ6SWpxcpG6loG6TaaGuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GsY6CoaaOgq1CmQDLkYGCGCC0sxQGgBQ" +
  "SwECFAMUAAAACAAAACEAIvM0JWcAAACwAAAACQAAAAAAAAAAAAAAgAEAAAAAaW1hZ2UubnB5UEsBAhQDFAAAAAgAAAAhANKvDyhP" +
  "AAAAmAAAAAgAAAAAAAAAAAAAAIABogAAAHJhdGUubnB5UEsFBgAAAAACAAIAbQAAACsBAAAAAA==";

const archive = (base64: string): File => new File([Uint8Array.from(Buffer.from(base64, "base64"))], "x.npz");

it.each([
  ["savez", SAVEZ],
  ["savez_compressed", COMPRESSED],
])("reads what numpy.%s writes", async (_, base64) => {
  const files = await filesInNpz(archive(base64));
  expect(files.map(({ name }) => name)).toEqual(["image.npy", "rate.npy"]);
  const [image, rate] = await Promise.all(
    files.map(async (file) => readNpy(new Uint8Array(await file.arrayBuffer()), file.name)),
  );
  expect(image).toEqual({
    dtype: "float32",
    shape: [3, 2, 2],
    data: Float32Array.from({ length: 12 }, (_value, i) => i),
  });
  expect(rate).toEqual({ dtype: "int32", shape: [3, 1], data: Int32Array.of(1, 2, 3) });
});

it("says what is wrong with one that is none, or was cut off", async () => {
  await expect(filesInNpz(new File(["hello"], "x.npz"))).rejects.toThrow(/in x\.npz, received (none|a damaged one)/);
  const half = Buffer.from(COMPRESSED, "base64").subarray(0, 120).toString("base64");
  await expect(filesInNpz(archive(half))).rejects.toThrow(/in x\.npz, received (none|a damaged one): save/);
  // Within the second array, and between the two: the first alone must not be taken for all that there is.
  for (const length of [300, 236, 230]) {
    const most = Buffer.from(SAVEZ, "base64").subarray(0, length).toString("base64");
    await expect(filesInNpz(archive(most)), String(length)).rejects.toThrow(/in x\.npz, received a damaged one: save/);
  }
});
