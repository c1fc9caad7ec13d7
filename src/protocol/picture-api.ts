import type { Rectangle } from "../core/tiles.js";
import type { Reply } from "./error-record.js";
import type { LinkedApi } from "./link.js";

/** How a picture is cut and enlarged. */
export interface PicturePlan {
  /** Factor by which the picture is enlarged: a whole number ≥ 1. */
  readonly scale: number;
  /** Largest width and height of a read window, pixels; `undefined` chooses one for the picture's size. */
  readonly tileSize: number | undefined;
  /** How many pixels the model looks beyond a tile on each side. */
  readonly halo: number;
  /** The preview has at most this many pixels; the result itself is never scaled down. */
  readonly maxPreviewPixels: number;
}

/** The colours that a result can hold: those of Display P3 where the picture has more than sRGB and the browser allows it. */
export type PictureColourSpace = "srgb" | "display-p3";

/**
 * What of a picture's file the result does not hold: "colours" outside `colourSpace`, "depth" beyond 8 bits per channel, "frames" after the
 * first.
 */
export type PictureLoss = "colours" | "depth" | "frames";

export interface OpenedPicture<Bitmap> {
  readonly width: number;
  readonly height: number;
  readonly colourSpace: PictureColourSpace;
  readonly losses: readonly PictureLoss[];
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly tileCount: number;
  readonly rowCount: number;
  readonly previewWidth: number;
  readonly previewHeight: number;
  /** The picture enlarged by the browser, shown until the tiles arrive. */
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

/** A file format for results. */
export interface PictureEncoding {
  readonly type: "image/png" | "image/jpeg" | "image/webp";
  /** 0…1, for the formats that lose something. Default: the browser's. */
  readonly quality?: number | undefined;
}

/** A part of the picture for the screen. */
export interface PictureView {
  /** "result" shows the picture enlarged plainly where tiles are missing. */
  readonly layer: "original" | "result";
  /** In pixels of the result, within it. */
  readonly part: Rectangle;
  /** Size of the bitmap, pixels. Other sizes than the part's own are smoothed. */
  readonly width: number;
  readonly height: number;
}

/** A finished tile for the preview: its place there, and a bitmap of that size. */
export interface PlacedTile<Bitmap> {
  readonly tile: number;
  readonly target: Rectangle;
  readonly bitmap: Bitmap;
}

/**
 * The interface of the picture worker through Comlink. It decodes, cuts, stitches and encodes, off the page's thread.
 * `File` is a `Blob` and `Bitmap` an `ImageBitmap`: this layer has no DOM types.
 */
export interface PictureApi<File, Bitmap> extends LinkedApi {
  open(picture: File, plan: PicturePlan): Promise<Reply<OpenedPicture<Bitmap>>>;
  cutRow(row: number): Promise<Reply<PictureStrip>>;
  place(request: PlaceRequest): Promise<Reply<PlacedTile<Bitmap>[]>>;
  /** Returns the whole result. */
  encode(encoding: PictureEncoding): Promise<Reply<File>>;
  /** Draws a part of the picture. */
  view(view: PictureView): Promise<Reply<Bitmap>>;
  /** Returns another picture, decoded, in another format. */
  convert(picture: File, encoding: PictureEncoding): Promise<Reply<File>>;
}

/** A colour as bytes: red, green, blue. */
export type Rgb = readonly [number, number, number];

/**
 * How a picture is fitted to the model's size: "stretch" changes its proportions, "cover" keeps them and crops both sides,
 * "contain" keeps them and adds bars.
 */
export type PictureFit = "stretch" | "cover" | "contain";

/** How a picture is turned into the pixels that a model gets. */
export interface PixelPlan {
  /** Size of the pixels that the model gets: whole numbers ≥ 1. */
  readonly width: number;
  readonly height: number;
  /** The part of the picture to use, in its own pixels; `undefined` uses all of it. */
  readonly crop: Rectangle | undefined;
  readonly fit: PictureFit;
  /** The browser's smoothing: "low" reads four pixels whatever the scale, the others average over all pixels. */
  readonly smoothing: "low" | "medium" | "high";
  readonly colours: "rgb" | "bgr" | "grey";
  readonly layout: "channels-last" | "channels-first";
  /** The colour behind transparent parts of the picture. */
  readonly matte: Rgb;
  /** The colour of the bars beside a picture whose `fit` is "contain". */
  readonly padding: Rgb;
  /** `undefined` passes the bytes on unchanged. */
  readonly standardise: Standardise | undefined;
}

/** `value = (byte × scale + offset − mean[c]) ÷ std[c]`, with one mean and one deviation per channel, in the order of the channels. */
export interface Standardise {
  readonly scale: number;
  readonly offset: number;
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/**
 * The second interface of the picture worker: it turns pictures into pixels for a model, any number at once, and keeps no state.
 * `Source` is anything that the browser can decode or draw. It is a copy, which this worker closes.
 */
export interface PixelApi<Source> {
  /** @returns [height, width, channels] or [channels, height, width], float32 where the plan standardises. */
  readPixels(picture: Source, plan: PixelPlan): Promise<Reply<Uint8Array | Float32Array>>;
}
