import type { Rectangle } from "../core/tiles.js";
import type { Reply } from "./error-record.js";
import type { LinkedApi } from "./link.js";

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
export interface PictureApi<File, Bitmap> extends LinkedApi {
  open(picture: File, plan: PicturePlan): Promise<Reply<OpenedPicture<Bitmap>>>;
  cutRow(row: number): Promise<Reply<PictureStrip>>;
  place(request: PlaceRequest): Promise<Reply<PlacedTile<Bitmap>[]>>;
  /** The whole result as PNG. */
  encode(): Promise<Reply<File>>;
}

/** A colour as bytes: red, green, blue. */
export type Rgb = readonly [number, number, number];

/**
 * How a picture becomes the model's size: "stretch" changes its proportions, "cover" keeps them and cuts off what is too
 * much on both sides, "contain" keeps them and leaves bars.
 */
export type PictureFit = "stretch" | "cover" | "contain";

/** What a model sees of a picture. */
export interface PixelPlan {
  /** Size of what the model gets, pixels, whole, ≥ 1. */
  readonly width: number;
  readonly height: number;
  /** The part of the picture that is looked at, in its own pixels; `undefined`: all of it. */
  readonly crop: Rectangle | undefined;
  readonly fit: PictureFit;
  /** The browser's own smoothing; "low" takes four pixels whatever the scale, the others average over all. */
  readonly smoothing: "low" | "medium" | "high";
  readonly colours: "rgb" | "bgr" | "grey";
  readonly layout: "channels-last" | "channels-first";
  /** Shows through where the picture lets it. */
  readonly matte: Rgb;
  /** Beside a picture that is contained. */
  readonly padding: Rgb;
  /** `undefined`: bytes as they are. */
  readonly standardise: Standardise | undefined;
}

/** `value = (byte × scale + offset − mean[c]) ÷ std[c]`, one mean and deviation per channel, in the order of the channels. */
export interface Standardise {
  readonly scale: number;
  readonly offset: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * The picture worker's other half: pictures as a model takes them, any number at once, without a state. `Source` is
 * whatever the browser can decode or draw; it is a copy, and ended here.
 */
export interface PixelApi<Source> {
  /** @returns [height, width, channels] or [channels, height, width], float32 where the plan standardises. */
  readPixels(picture: Source, plan: PixelPlan): Promise<Reply<Uint8Array | Float32Array>>;
}
