import * as tf from "@tensorflow/tfjs";

type Colour = readonly [red: number, green: number, blue: number, alpha?: number];

/** Paint a picture by a formula. No canvas is used, so that its pixels are known exactly. */
export function paint(width: number, height: number, colourAt: (x: number, y: number) => Colour): ImageData {
  const image = new ImageData(width, height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [red, green, blue, alpha = 255] = colourAt(x, y);
      image.data.set([red, green, blue, alpha], 4 * (y * width + x));
    }
  }
  return image;
}

/** A picture in which neighbouring pixels differ strongly, opaque. */
export function confetti(width: number, height: number): ImageData {
  return paint(width, height, (x, y) => [
    (x * 37 + y * 11) % 256,
    (x * 5 + y * 83) % 256,
    (x * 149 + y * 7 + 40) % 256,
  ]);
}

/** A picture whose colours change slowly, like the sky in a photograph; opaque. */
export function slopes(width: number, height: number): ImageData {
  return paint(width, height, (x, y) => [
    (255 * x) / Math.max(1, width - 1),
    (255 * y) / Math.max(1, height - 1),
    255 - (255 * (x + y)) / Math.max(1, width + height - 2),
  ]);
}

/** The colours without alpha, as TF.js reads them from a picture: [height · width · 3]. */
export async function rgbOf(image: ImageData): Promise<number[]> {
  await tf.setBackend("cpu");
  const pixels = tf.browser.fromPixels(image);
  const data = await pixels.data();
  pixels.dispose();
  return Array.from(data);
}

/** A picture resized by TF.js's `resizeBilinear` with half-pixel centres: [height · width · 3], 0…255. */
export async function resizedByTf(image: ImageData, width: number, height: number): Promise<number[]> {
  await tf.setBackend("cpu");
  const resized = tf.tidy(() =>
    tf.image.resizeBilinear(tf.browser.fromPixels(image).toFloat(), [height, width], false, true),
  );
  const data = await resized.data();
  resized.dispose();
  return Array.from(data);
}

/** Means of blocks of `factor` × `factor` pixels, by TF.js: [height ÷ factor · width ÷ factor · 3]. */
export async function averagedByTf(image: ImageData, factor: number): Promise<number[]> {
  await tf.setBackend("cpu");
  const averaged = tf.tidy(() => {
    const pixels = tf.browser.fromPixels(image).toFloat().expandDims<tf.Tensor4D>(0);
    return tf.avgPool(pixels, factor, factor, "valid");
  });
  const data = await averaged.data();
  averaged.dispose();
  return Array.from(data);
}

export async function encode(image: ImageData, type: "image/png" | "image/jpeg" = "image/png"): Promise<Blob> {
  const canvas = new OffscreenCanvas(image.width, image.height);
  canvas.getContext("2d")!.putImageData(image, 0, 0);
  return canvas.convertToBlob({ type, quality: 1 });
}

/**
 * A JPEG that states its orientation: an Exif segment with the single tag 0x0112 after the start marker.
 * @param orientation 1…8, as Exif 2.3 numbers them.
 */
export async function encodeTurned(image: ImageData, orientation: number): Promise<Blob> {
  const jpeg = new Uint8Array(await (await encode(image, "image/jpeg")).arrayBuffer());
  const tiff = [
    ...[0x4d, 0x4d, 0, 42, 0, 0, 0, 8], // big-endian, first directory at 8
    ...[0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0], // one entry: orientation, one SHORT
    ...[0, 0, 0, 0], // no further directory
  ];
  const payload = [...[0x45, 0x78, 0x69, 0x66, 0, 0], ...tiff]; // "Exif"
  const segment = [0xff, 0xe1, 0, payload.length + 2, ...payload];
  return new Blob([jpeg.subarray(0, 2), new Uint8Array(segment), jpeg.subarray(2)], { type: "image/jpeg" });
}

/** The greatest difference between two lists of numbers; infinite if their lengths differ. */
export function gap(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length || a.length === 0) return Infinity;
  let worst = 0;
  for (let i = 0; i < a.length; i++) worst = Math.max(worst, Math.abs(a[i]! - b[i]!));
  return Number.isNaN(worst) ? Infinity : worst;
}
