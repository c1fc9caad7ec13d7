/** Names that say nothing about a model. */
const PLAIN = /^(model|index|tfjs[-_]?model|web[-_]?model|converted|download|config|metadata)$/i;
const ENDINGS = /\.(weights\.h5|json|keras|h5|hdf5|tflite|lite|onnx|zip)$/i;

/**
 * What a model is called: the name of its file, or of the folder around it if the file is called what every model's is.
 * @param model address of a model, or its files.
 */
export function modelNameOf(model: string | readonly File[]): string {
  if (typeof model !== "string") return nameOfPath(pathOf(mainFile(model)));
  const stored = /^indexeddb:\/\/(.+)$/.exec(model);
  if (stored !== null) return stored[1]!;
  try {
    const { pathname, hostname } = new URL(model, "https://here.invalid/");
    const name = nameOfPath(decodeURIComponent(pathname));
    return name === "" ? (hostname === "here.invalid" ? model : hostname) : name;
  } catch {
    return model;
  }
}

function nameOfPath(path: string): string {
  const parts = path.split("/").filter((part) => part !== "");
  const own = (parts.at(-1) ?? "").replace(ENDINGS, "");
  const telling = [own, ...parts.slice(0, -1).toReversed()].find(
    (part) => !PLAIN.test(part) && !/^(resolve|main|master|raw|v?\d+)$/i.test(part),
  );
  return telling ?? own;
}

/** The file that stands for the model: weights are called after it, or by numbers. */
function mainFile(files: readonly File[]): File | undefined {
  return (
    files.find(({ name }) => /\.(keras|h5|hdf5|tflite|lite|onnx|zip)$/i.test(name)) ??
    files.find(({ name }) => /\.json$/i.test(name)) ??
    files[0]
  );
}

function pathOf(file: File | undefined): string {
  return file === undefined ? "" : file.webkitRelativePath || file.name;
}
