import { ShardError, type InputTensor, type TensorSpec } from "../../../index.js";
import { readCsv } from "./csv.js";
import { fitTensor } from "./fit-tensor.js";
import { readNpy } from "./npy.js";

/** They are held in memory, as a whole. */
const MAX_FILE_BYTES = 1024 * 1024 * 1024;

/**
 * Read a CSV, TSV or NPY file as an input of a model.
 * @throws ShardError "invalid-input" that says what was expected, what was received and what to do.
 */
export async function readTensor(file: File, spec: TensorSpec): Promise<InputTensor> {
  if (file.size > MAX_FILE_BYTES) {
    const received = `${Math.round(file.size / 1024 / 1024)} MB`;
    throw invalid(`at most 1024 MB in ${file.name}, received ${received}: split it into several files`);
  }
  if (file.size === 0) throw invalid(`values in ${file.name}, received an empty file: choose another one`);
  const [first, second] = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  if (/\.npy$/i.test(file.name) || first === 0x93) {
    const array = readNpy(new Uint8Array(await file.arrayBuffer()), file.name);
    return fitTensor(array, spec, file.name, false);
  }
  if (first === 0x50 && second === 0x4b) {
    throw invalid(`one array in ${file.name}, received a zip of several: save each with numpy.save, as .npy`);
  }
  const { tensor } = await readCsv(file, file.name, spec.dtype === "string");
  return fitTensor(tensor, spec, file.name, true);
}

function invalid(text: string): ShardError {
  return new ShardError("invalid-input", `Expected ${text}.`);
}
