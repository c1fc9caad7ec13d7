import { ShardError } from "../core/errors.js";
import { throwIfAborted } from "../protocol/abort.js";
import type { OutputValue } from "../protocol/tensors.js";
import type { OpenedPicture, PictureEncoding, PictureView, PlacedTile } from "../protocol/picture-api.js";
import type { Inputs } from "../sharder/inputs/prepare-inputs.js";
import type { StreamJournalOptions } from "../sharder/journal/journal-options.js";
import type { Sharder } from "../sharder/sharder.js";
import { PictureWorker } from "./picture-worker.js";

export interface UpscaleOptions {
  /** Longest side of a tile in pixels, halo included. Default: 128 to 256, by the picture's size. */
  readonly tileSize?: number | undefined;
  /** Default 4 megapixels: enough for any screen, cheap to draw. */
  readonly maxPreviewPixels?: number;
  readonly signal?: AbortSignal | undefined;
  /** As for `stream`; the key is the picture. */
  readonly journal?: StreamJournalOptions | undefined;
  /** Called once the picture is decoded. The callback must close `preview`. */
  readonly onOpen?: (picture: PictureInProgress) => void;
  /** Called for each finished tile. The callback must close its bitmap. */
  readonly onTile?: (tile: PlacedTile<ImageBitmap>, workerId: string) => void;
}

/** A picture that has been decoded and is being enlarged. */
export interface PictureInProgress extends OpenedPicture<ImageBitmap> {
  /**
   * Draw a part of the original or of the result, sharp at any size. The caller closes the bitmap.
   * @throws ShardError "disposed" once the job was cancelled or has failed, or the result was closed.
   */
  view(view: PictureView): Promise<ImageBitmap>;
}

/** A finished picture. It holds the result's pixels until it is closed. */
export interface UpscaledPicture {
  readonly width: number;
  readonly height: number;
  readonly tileCount: number;
  toPng(): Promise<Blob>;
  /**
   * JPEG has no transparency: what shines through is white.
   * @throws ShardError "invalid-options" where the browser can't write the format, or not at this size.
   */
  toBlob(encoding: PictureEncoding): Promise<Blob>;
  close(): void;
}

/** Results that are written at once: enough to keep the picture worker busy, few enough to bound memory. */
const MAX_PLACING = 3;

/** What a super-resolution model states in `userDefinedMetadata`. */
interface UpscaleTraits {
  readonly scale: number;
  readonly halo: number;
}

/**
 * Enlarge a picture with a fully convolutional model, tile by tile on all workers of the sharder.
 *
 * The model takes RGB 0…1, [-1, h, w, 3], returns [-1, scale·h, scale·w, 3], and states `scale` and `halo` (reach of
 * its receptive field, pixels) in `userDefinedMetadata`. The stitched result equals that of the whole picture. It holds
 * the decoded picture, the result and a bounded number of strips in memory.
 *
 * @throws ShardError "picture-unreadable", "picture-too-large", "model-unsupported", and all of `stream`.
 */
export async function upscalePicture(
  sharder: Sharder,
  picture: Blob,
  options: UpscaleOptions = {},
): Promise<UpscaledPicture> {
  const { tileSize, maxPreviewPixels = 4e6, signal, journal, onOpen, onTile } = options;
  const { scale, halo } = traitsOf(sharder);
  throwIfAborted(signal);
  const worker = new PictureWorker();
  try {
    const opened = await worker.open(picture, { scale, halo, tileSize, maxPreviewPixels });
    throwIfAborted(signal);
    onOpen?.({ ...opened, view: (view) => worker.view(view) });
    const placing = new Set<Promise<void>>();
    for await (const shard of sharder.stream(strips(worker, opened), { order: "completion", signal, journal })) {
      const rgb = float32Of(Object.values(shard.outputs)[0]);
      const placed = worker
        .place({ firstTile: shard.firstItem, tileCount: shard.itemCount, rgb })
        .then((tiles) => tiles.forEach((tile) => onTile?.(tile, shard.workerId)))
        .finally(() => placing.delete(placed));
      placing.add(placed);
      // It is awaited below; until then a failure must not count as an unhandled rejection.
      placed.catch(() => {});
      if (placing.size >= MAX_PLACING) await Promise.race(placing);
    }
    await Promise.all(placing);
    throwIfAborted(signal);
    const { width, height, tileCount } = opened;
    return {
      width: width * scale,
      height: height * scale,
      tileCount,
      toPng: () => worker.encode({ type: "image/png" }),
      toBlob: (encoding) => worker.encode(encoding),
      close: () => worker.close(),
    };
  } catch (thrown) {
    worker.close();
    throw thrown;
  }
}

/** The picture's rows of tiles, cut when the sharder requests them. */
async function* strips(worker: PictureWorker, opened: OpenedPicture<ImageBitmap>): AsyncGenerator<Inputs> {
  for (let row = 0; row < opened.rowCount; row++) {
    const { tileCount, rgb } = await worker.cutRow(row);
    const shape = [tileCount, opened.tileHeight, opened.tileWidth, 3];
    yield { dtype: "uint8", shape, data: rgb, scale: 1 / 255 };
  }
}

function traitsOf(sharder: Sharder): UpscaleTraits {
  const { scale, halo } = sharder.model.userDefinedMetadata;
  const isWhole = (value: unknown, least: number): value is number =>
    Number.isSafeInteger(value) && Number(value) >= least;
  if (isWhole(scale, 1) && isWhole(halo, 0)) return { scale, halo };
  throw new ShardError(
    "model-unsupported",
    `Expected "scale" ≥ 1 and "halo" ≥ 0 as whole numbers in the model's userDefinedMetadata, received ${String(scale)} and ${String(halo)}: use a super-resolution model that states them.`,
  );
}

function float32Of(output: OutputValue | undefined): Float32Array {
  if (output?.dtype === "float32") return output.data;
  throw new ShardError(
    "model-unsupported",
    `Expected the model's first output to be float32 pixels, received ${output?.dtype === "ragged" ? "one tensor per item" : output?.dtype}: use a super-resolution model.`,
  );
}
