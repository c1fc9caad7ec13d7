import { foreignFormatOfBytes, refuseForeign } from "./foreign-formats.js";
import { isOnnx, isOnnxName } from "./is-onnx.js";
import { loadReader } from "./load-reader.js";
import { pathOf, severalModels } from "./match-files.js";
import { headOf, type SourceFile } from "./source-file.js";

/** First bytes are looked at up to this count of files, where no name says which one is the model. */
const FEW_FILES = 100;

/**
 * Find the one ONNX model among files, by its name or else by its first bytes; `undefined` if there is none.
 * @throws ShardError "model-not-found" if there are several, "model-unsupported" for one that is plainly something else (a page, an archive)
 */
export async function findOnnx(files: readonly SourceFile[]): Promise<SourceFile | undefined> {
  const named = files.filter(({ name }) => isOnnxName(name));
  const found: SourceFile[] = [];
  for (const file of named) {
    const head = await headOf(file);
    const format = isOnnx(head) ? undefined : foreignFormatOfBytes(head);
    if (format !== undefined) throw refuseForeign(pathOf(file), format);
    found.push(file);
  }
  if (named.length === 0 && files.length <= FEW_FILES) {
    for (const file of files) if (isOnnx(await headOf(file))) found.push(file);
  }
  if (found.length <= 1) return found[0];
  throw severalModels(found);
}

/** What reads ONNX files is loaded with the first of them. @throws as `loadReader` */
export function loadOnnxReader(signal: AbortSignal | undefined): Promise<typeof import("../onnx/onnx-files.js")> {
  return loadReader("ONNX", signal, () => import("../onnx/onnx-files.js"));
}
