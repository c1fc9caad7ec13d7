import { ShardError, type InputTensor, type TensorSpec } from "../../../index.js";
import { readCsv } from "./csv.js";
import { fitTensor } from "./fit-tensor.js";
import { readNpy } from "./npy.js";

/** They are held in memory, as a whole. */
const MAX_FILE_BYTES = 1024 * 1024 * 1024;
/** Texts are read in one go: more would stop the page for long, and from 512 MB on no string holds them. */
const MAX_TEXT_BYTES = 256 * 1024 * 1024;

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
  const bytes = new Uint8Array(await file.arrayBuffer());
  const isNpy = /\.npy$/i.test(file.name) || bytes[0] === 0x93;
  if (isNpy) return fitTensor(readNpy(bytes, file.name), spec, file.name, false);
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) {
    throw invalid(`one array in ${file.name}, received a zip of several: save each with numpy.save, as .npy`);
  }
  if (file.size > MAX_TEXT_BYTES) {
    const received = `${Math.round(file.size / 1024 / 1024)} MB`;
    throw invalid(`at most 256 MB of text in ${file.name}, received ${received}: save it with numpy.save, as .npy`);
  }
  const { tensor } = readCsv(new TextDecoder().decode(bytes), file.name, spec.dtype === "string");
  return fitTensor(tensor, spec, file.name, true);
}

function invalid(text: string): ShardError {
  return new ShardError("invalid-input", `Expected ${text}.`);
}
