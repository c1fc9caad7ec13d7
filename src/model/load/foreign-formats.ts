import { ShardError } from "../../core/errors.js";

/** A format that is not read here, and the way that exists. */
export interface ForeignFormat {
  /** With its article: it stands in a sentence. */
  readonly what: string;
  readonly advice: string;
}

const FROM_TORCH = "export the model to ONNX (torch.onnx.export), and choose the .onnx file";
const CHECKPOINT =
  "it holds weights without the model; load it in Python and save the whole model there, with model.save or tf.saved_model.save";

const FORMATS = {
  task: {
    what: "a bundle of TensorFlow Lite models",
    advice: "unpack it as a zip, and choose the .tflite file that you want to run",
  },
  ort: {
    what: "a model in ONNX Runtime's own format",
    advice: "choose the .onnx file that it was made of",
  },
  savedModel: {
    what: "a TensorFlow SavedModel",
    advice:
      "convert its folder with tensorflowjs_converter --input_format=tf_saved_model FOLDER OUTPUT, and choose the files in OUTPUT",
  },
  frozenGraph: {
    what: "a TensorFlow graph or another protocol buffer",
    advice:
      "convert a frozen graph with tensorflowjs_converter --input_format=tf_frozen_model --output_node_names=NAMES FILE OUTPUT",
  },
  torch: { what: "a PyTorch file", advice: FROM_TORCH },
  safetensors: {
    what: "a safetensors file, which holds weights without the model",
    advice: "load it in the framework that it is for, and export the whole model from there",
  },
  gguf: {
    what: "a GGUF or GGML language model",
    advice: "it is for llama.cpp; choose a model in TensorFlow's or Keras' formats",
  },
  coreMl: { what: "a Core ML model", advice: "export the Keras or TensorFlow model that it was made of" },
  caffe: { what: "a Caffe model", advice: "choose a model in TensorFlow's or Keras' formats" },
  paddle: { what: "a PaddlePaddle model", advice: "choose a model in TensorFlow's or Keras' formats" },
  checkpoint: { what: "a TensorFlow checkpoint", advice: CHECKPOINT },
  pickle: {
    what: "a Python pickle",
    advice: "load it in Python; a Keras model in it can be saved with model.save('model.keras')",
  },
  numpy: { what: "NumPy arrays, which hold weights without the model", advice: CHECKPOINT.replace(/^it.*?; /, "") },
  tar: { what: "a tar archive", advice: "unpack it, then choose the files in it, or pack them as a zip" },
  gzip: {
    what: "gzip-compressed bytes",
    advice: "unpack the file; if a server sends it, the server has to add the header Content-Encoding: gzip",
  },
  archive: { what: "an archive of another kind than zip", advice: "unpack it, then choose the files in it" },
  lfsPointer: {
    what: "a Git LFS pointer instead of the file",
    advice:
      "run git lfs pull in the repository, or download the file itself (on GitHub and Hugging Face its address has /resolve/ or media. in it)",
  },
  page: {
    what: "an HTML page",
    advice: "the server answers requests for missing files with a page; check the address",
  },
} as const satisfies Readonly<Record<string, ForeignFormat>>;

/** Names of files of a format, most telling first. */
const NAMES: readonly (readonly [RegExp, ForeignFormat])[] = [
  [/(^|\/)saved_model\.pb(txt)?$/i, FORMATS.savedModel],
  [/\.task$/i, FORMATS.task],
  [/\.ort$/i, FORMATS.ort],
  [/\.safetensors$/i, FORMATS.safetensors],
  [/\.(gguf|ggml)$/i, FORMATS.gguf],
  [/\.ml(model|package)(\/|$)/i, FORMATS.coreMl],
  [/\.(caffemodel|prototxt)$/i, FORMATS.caffe],
  [/\.pd(model|params|iparams)$/i, FORMATS.paddle],
  [/(^|\/)data\.pkl$|\.(ptl?|pth|torchscript)$/i, FORMATS.torch],
  [/\.ckpt(\.|$)|\.index$|\.data-\d+-of-\d+$|(^|\/)checkpoint$/i, FORMATS.checkpoint],
  [/\.(pkl|pickle|joblib)$/i, FORMATS.pickle],
  [/\.np[yz]$/i, FORMATS.numpy],
  [/\.(tar|tgz|tar\.\w+)$/i, FORMATS.tar],
  [/\.gz$/i, FORMATS.gzip],
  [/\.(7z|rar|xz|bz2|zst)$/i, FORMATS.archive],
  [/\.pb(txt)?$/i, FORMATS.frozenGraph],
];

/** How many of a file's first bytes are enough to recognise its format. */
export const HEAD_BYTES = 512;

const text = (head: Uint8Array, from: number, to: number): string =>
  String.fromCharCode(...head.subarray(from, Math.min(to, head.length)));
const bytesAt = (head: Uint8Array, ...bytes: number[]): boolean => bytes.every((byte, index) => head[index] === byte);

/** What the first bytes of a file of each format are. */
const HEADS: readonly (readonly [(head: Uint8Array) => boolean, ForeignFormat])[] = [
  [(head) => text(head, 0, 19) === "version https://git", FORMATS.lfsPointer],
  [(head) => /^\s*<(!doctype|html|head|\?xml)/i.test(text(head, 0, 64)), FORMATS.page],
  [(head) => /^(GGUF|lmgg|fmgg|tjgg)$/.test(text(head, 0, 4)), FORMATS.gguf],
  [(head) => text(head, 4, 8) === "ORTM", FORMATS.ort],
  [(head) => text(head, 1, 6) === "NUMPY", FORMATS.numpy],
  [(head) => text(head, 257, 262) === "ustar", FORMATS.tar],
  [(head) => bytesAt(head, 0x1f, 0x8b, 0x08), FORMATS.gzip],
  [(head) => /^(7z\xbc\xaf|Rar!|\xfd7zX|BZh[1-9]|\x28\xb5\x2f\xfd)/.test(text(head, 0, 4)), FORMATS.archive],
  // The magic number that torch.save pickled first before it wrote zips.
  [(head) => bytesAt(head, 0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46), FORMATS.torch],
  [
    (head) => head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5 && /[\x95c}\](]/.test(text(head, 2, 3)),
    FORMATS.pickle,
  ],
  // A length of the header in eight bytes, then the header as JSON.
  [(head) => /^[^\0].{3}\0{4}\{\s*"/s.test(text(head, 0, 12)), FORMATS.safetensors],
  // Protocol buffers begin with their first field: a version, then the graphs or the producer's name; or a node.
  [(head) => bytesAt(head, 0x08, 0x01, 0x12), FORMATS.savedModel],
];

/** The format that the first bytes of a file show; `undefined` if they show none of the foreign ones. */
export function foreignFormatOfBytes(head: Uint8Array): ForeignFormat | undefined {
  return HEADS.find(([matches]) => matches(head))?.[1];
}

/** The format that the names of files show. */
export function foreignFormatOf(paths: readonly string[]): ForeignFormat | undefined {
  return NAMES.find(([name]) => paths.some((path) => name.test(path)))?.[1];
}

/** What stands in a weight file's place although a server sent it: never weights by chance. */
export function standInOf(head: Uint8Array): ForeignFormat | undefined {
  const format = foreignFormatOfBytes(head);
  return format === FORMATS.lfsPointer || format === FORMATS.page ? format : undefined;
}

export function isGzip(head: Uint8Array): boolean {
  return foreignFormatOfBytes(head) === FORMATS.gzip;
}

/** The refusal of a file in a format that is not read here. */
export function refuseForeign(where: string, { what, advice }: ForeignFormat): ShardError {
  return new ShardError(
    "model-unsupported",
    `Expected a model.json, .tflite, .onnx, .keras, .h5 or zip at ${where.slice(-200)}, received ${what}: ${advice}.`,
  );
}
