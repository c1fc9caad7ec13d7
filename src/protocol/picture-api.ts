import type { Rectangle } from "../core/tiles.js";
import type { Reply } from "./error-record.js";

/** How a picture is cut and enlarged. */
export interface PicturePlan {
  /** Enlargement, whole, ≥ 1. */
  readonly scale: number;
  /** The most pixels a read window has along a side; `undefined`: chosen for the picture's size. */
  readonly tileSize: number | undefined;
  /** The model's reach to each side, pixels. */
  readonly halo: number;
  /** The preview has at most this many pixels; the result itself is never scaled down. */
  readonly maxPreviewPixels: number;
}

export interface OpenedPicture<Bitmap> {
  readonly width: number;
  readonly height: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly tileCount: number;
  readonly rowCount: number;
  readonly previewWidth: number;
  readonly previewHeight: number;
  /** The picture enlarged plainly, to be seen until the tiles arrive. */
  readonly preview: Bitmap;
}

/** One row of tiles as bytes, RGB, [tileCount, tileHeight, tileWidth, 3]. */
export interface PictureStrip {
  readonly tileCount: number;
  readonly rgb: Uint8Array;
}

/** Model outputs of tiles `firstTile` …, float32 RGB 0…1, [tileCount, scale·tileHeight, scale·tileWidth, 3]. */
export interface PlaceRequest {
  readonly firstTile: number;
  readonly tileCount: number;
  readonly rgb: Float32Array;
}

/** A tile that has been written, for the preview: where it goes there, and a bitmap of that size. */
export interface PlacedTile<Bitmap> {
  readonly tile: number;
  readonly target: Rectangle;
  readonly bitmap: Bitmap;
}

/**
 * What the picture worker offers through Comlink: it decodes, cuts, stitches and encodes, off the page's thread.
 * `File` is a `Blob` and `Bitmap` an `ImageBitmap`; this layer knows no DOM.
 */
export interface PictureApi<File, Bitmap> {
  open(picture: File, plan: PicturePlan): Promise<Reply<OpenedPicture<Bitmap>>>;
  cutRow(row: number): Promise<Reply<PictureStrip>>;
  place(request: PlaceRequest): Promise<Reply<PlacedTile<Bitmap>[]>>;
  /** The whole result as PNG. */
  encode(): Promise<Reply<File>>;
}
