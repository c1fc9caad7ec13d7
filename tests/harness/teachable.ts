import * as tf from "@tensorflow/tfjs";

/** The classes that TF.js itself finds with a Teachable Machine image model. */
export interface TeachableResult {
  /** Per picture, best first. */
  readonly ranked: { index: number; score: number }[][];
}

/**
 * Read pictures like the model's own library: scale the shorter side to the model's size on a canvas, take the centred
 * square, and turn a byte into `byte ÷ 127 − 1`.
 * Source: `cropTo` and `capture` of @teachablemachine/image 0.8.
 */
export async function runTeachable(
  modelUrl: string,
  pictures: readonly Blob[],
  size: number,
): Promise<TeachableResult> {
  await tf.setBackend("wasm");
  const model = await tf.loadLayersModel(new URL(modelUrl, document.baseURI).href);
  const ranked: TeachableResult["ranked"] = [];
  for (const picture of pictures) {
    const pixels = await cropSquare(picture, size);
    const scores = tf.tidy(() => {
      const input = tf.browser.fromPixels(pixels).toFloat().div(127).sub(1).expandDims(0);
      return (model.predict(input) as tf.Tensor).squeeze([0]);
    });
    const { values, indices } = tf.topk(scores, scores.shape[0]);
    const [sorted, order] = [await values.data(), await indices.data()];
    ranked.push(Array.from(order, (index, rank) => ({ index, score: sorted[rank]! })));
    tf.dispose([scores, values, indices]);
  }
  model.dispose();
  return { ranked };
}

async function cropSquare(picture: Blob, size: number): Promise<ImageData> {
  const bitmap = await createImageBitmap(picture);
  const scale = size / Math.min(bitmap.width, bitmap.height);
  const width = Math.ceil(bitmap.width * scale);
  const height = Math.ceil(bitmap.height * scale);
  const context = new OffscreenCanvas(size, size).getContext("2d", { willReadFrequently: true })!;
  context.drawImage(bitmap, -Math.trunc((width - size) / 2), -Math.trunc((height - size) / 2), width, height);
  bitmap.close();
  return context.getImageData(0, 0, size, size);
}
