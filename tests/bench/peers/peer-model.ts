/** How a model is written; TF.js and the sharder read the first two. */
export type PeerFormat = "graph" | "layers" | "onnx" | "tflite";

/** What an engine runs: a format, and the number of items per call, which TFLite files fix. */
export interface Variant {
  readonly format: PeerFormat;
  readonly callItemCount: number;
}

/** peer.json, as tests/bench/peers/make/make.py writes it. */
interface PeerRecord {
  readonly title: string;
  readonly itemShape: readonly number[];
  readonly sampleCount: number;
  /** Items per call to choose from, ascending. */
  readonly batches: readonly number[];
  readonly formats: readonly PeerFormat[];
  readonly tfliteBatches: readonly number[];
  readonly madeBy: string;
}

/** One model in the formats of all peers, with the same weights: one float32 input, one float32 output, both with a batch. */
export interface PeerModel extends PeerRecord {
  /** Address of its folder, with a slash at the end. */
  readonly url: string;
}

/** Different items of a model, and what TensorFlow computes of them. */
export interface Samples {
  readonly inputs: Float32Array<ArrayBuffer>;
  readonly outputs: Float32Array<ArrayBuffer>;
  readonly count: number;
}

/** @param name its folder under /peer-models/. */
export async function readPeerModel(name: string): Promise<PeerModel> {
  const url = new URL(`/peer-models/${encodeURIComponent(name)}/`, location.href).href;
  const record: PeerRecord = await (await fetchFile(`${url}peer.json`)).json();
  return { ...record, url };
}

export async function readSamples({ url, sampleCount }: PeerModel): Promise<Samples> {
  const [inputs, outputs] = await Promise.all([readFloats(`${url}inputs.bin`), readFloats(`${url}outputs.bin`)]);
  return { inputs, outputs, count: sampleCount };
}

async function readFloats(url: string): Promise<Float32Array<ArrayBuffer>> {
  return new Float32Array<ArrayBuffer>(await (await fetchFile(url)).arrayBuffer());
}

/** The address of the file that an engine loads. */
export function fileOf(model: PeerModel, { format, callItemCount }: Variant): string {
  switch (format) {
    case "graph":
    case "layers":
      return `${model.url}${format}/model.json`;
    case "onnx":
      return `${model.url}model.onnx`;
    case "tflite":
      return `${model.url}batch-${callItemCount}.tflite`;
  }
}

/** Everything that could be run in some of the formats, by format and then by ascending number of items per call. */
export function variantsOf(model: PeerModel, formats: readonly PeerFormat[]): Variant[] {
  return formats.flatMap((format): Variant[] => {
    if (format === "tflite") return model.tfliteBatches.map((callItemCount) => ({ format, callItemCount }));
    return model.formats.includes(format) ? model.batches.map((callItemCount) => ({ format, callItemCount })) : [];
  });
}

/** The samples one after another, again and again, until there are `itemCount` items. */
export function repeatItems(
  values: Float32Array<ArrayBuffer>,
  sampleCount: number,
  itemCount: number,
): Float32Array<ArrayBuffer> {
  const repeated = new Float32Array(itemCount * (values.length / sampleCount));
  for (let offset = 0; offset < repeated.length; offset += values.length) {
    repeated.set(values.subarray(0, Math.min(values.length, repeated.length - offset)), offset);
  }
  return repeated;
}

/** @throws Error with the address, since a peer would report what it can't parse. */
export async function fetchFile(url: string): Promise<Response> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`Expected a file at ${url}, received status ${response.status}.`);
  return response;
}
