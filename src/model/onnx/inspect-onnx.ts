import { ShardError } from "../../core/errors.js";
import type { OnnxDataFile, OnnxWire } from "../../protocol/model-on-wire.js";
import { asJsonObject, isJsonObject, type ModelArtifacts } from "../artifacts.js";
import { describeFile } from "../describe-file.js";
import { joinBuffers, type InspectedModel } from "../inspect.js";
import { declare, type DeclaredInputs } from "../prepare-model.js";
import { ProtoMessage } from "./proto-message.js";
import { readOnnxInterface } from "./read-interface.js";
import { scanModel, type ExternalPart } from "./scan-model.js";
import { stageOnnx } from "./stage-onnx.js";

/**
 * Describe an ONNX model, and prepare it for the workers.
 *
 * @param artifacts as `onnxArtifacts` makes them.
 * @param shareWeights put the files into one SharedArrayBuffer for all workers.
 * @param declared what the caller has declared about inputs.
 * @throws ShardError "model-malformed", "model-unsupported", "weights-missing", "weights-truncated", "invalid-options" for a name that no
 *         input has, "out-of-memory"
 */
export function inspectOnnx(
  { weightData, modelTopology }: Pick<ModelArtifacts, "weightData" | "modelTopology">,
  shareWeights: boolean,
  declared: DeclaredInputs,
): InspectedModel<OnnxWire> {
  const files = joinBuffers(weightData, shareWeights);
  const dataFiles = readDataFiles(modelTopology, files.byteLength);
  const modelBytes = dataFiles[0]?.byteOffset ?? files.byteLength;
  const bytes = new Uint8Array(files, 0, modelBytes);
  const { irVersion, opsets, producer, graphName, notes, ...read } = readOnnxInterface(new ProtoMessage(bytes));
  const { nodeCount, inlineBytes, externalParts, hasFloat16 } = scanModel(new ProtoMessage(bytes));
  const externalBytes = sumExternal(externalParts, dataFiles);
  const inputs = declare(read.inputs, declared);
  const { outputs } = read;
  const usesFloat16 = hasFloat16 || [...inputs, ...outputs].some(({ element }) => element === "float16");
  // Damaged files may name the same bytes often.
  const weightBytes = Math.min(files.byteLength, inlineBytes + externalBytes);
  const wire: OnnxWire = { format: "onnx", inputs, outputs, modelBytes, dataFiles, usesFloat16, weightData: files };
  return describeFile(wire, stageOnnx(bytes, wire, externalParts.length), {
    layerCount: nodeCount,
    weightBytes,
    userDefinedMetadata: { ...notes, onnx: { irVersion, opsets, producer, graphName } },
    reason: "it is an .onnx file, which ONNX Runtime optimises itself",
  });
}

/** The files must follow one another, behind the model. */
function readDataFiles(topology: object, byteLength: number): readonly OnnxDataFile[] {
  const { dataFiles = [] } = asJsonObject(topology);
  let next: number | undefined;
  if (!Array.isArray(dataFiles) || !dataFiles.every(isDataFile)) throw badDataFiles();
  for (const file of dataFiles) {
    if (next !== undefined && file.byteOffset !== next) throw badDataFiles();
    next = file.byteOffset + file.byteLength;
  }
  if (next !== undefined && next !== byteLength) throw badDataFiles();
  return dataFiles;
}

function badDataFiles(): ShardError {
  return new ShardError(
    "model-malformed",
    "Expected { dataFiles } to list the files behind the model, one after another up to the end of weightData, received others: pass the files themselves as the model instead.",
  );
}

/** Bytes of all weights that are in other files. @throws ShardError "weights-missing", "weights-truncated" */
function sumExternal(parts: readonly ExternalPart[], files: readonly OnnxDataFile[]): number {
  const byPath = new Map(files.map((file) => [file.path, file]));
  return parts.reduce((sum, { path, byteOffset, byteLength }) => {
    const file = byPath.get(path);
    if (file === undefined) {
      throw new ShardError(
        "weights-missing",
        `Expected the file "${path.slice(-80)}" with weights of the .onnx file, received none: give it together with the model.`,
      );
    }
    const length = byteLength ?? Math.max(0, file.byteLength - byteOffset);
    if (byteOffset + length > file.byteLength) {
      throw new ShardError(
        "weights-truncated",
        `Expected at least ${byteOffset + length} bytes in "${path.slice(-80)}", received ${file.byteLength}: the file is incomplete or belongs to another model; download or export the model again.`,
      );
    }
    return sum + length;
  }, 0);
}

/** Whether it is an entry of `dataFiles`; artifacts may come from anywhere. */
function isDataFile(value: unknown): value is OnnxDataFile {
  if (!isJsonObject(value)) return false;
  const { path, byteOffset, byteLength } = value;
  const isCount = (each: unknown): boolean => Number.isSafeInteger(each) && Number(each) >= 0;
  return typeof path === "string" && isCount(byteOffset) && isCount(byteLength);
}
