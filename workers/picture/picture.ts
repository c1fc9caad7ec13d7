import { ShardError } from "../../src/core/errors.js";
import { chooseTileSize, planTiles, type Rectangle, type Tile, type TileGrid } from "../../src/core/tiles.js";
import type {
  OpenedPicture,
  PictureColourSpace,
  PictureEncoding,
  PictureLoss,
  PicturePlan,
  PictureStrip,
  PictureView,
  PlacedTile,
  PlaceRequest,
} from "../../src/protocol/picture-api.js";
import { canHoldDisplayP3, context2d } from "./canvas.js";
import { decodePicture } from "./decode.js";
import { encodeCanvas, onPaper, takesTransparency } from "./encode.js";
import { readTraits, type FileTraits } from "./file-traits.js";
import { BLEED_RADIUS, bleedColours, copyWindow, hasTransparency, toRgba } from "./pixels.js";
import { release, ScratchCanvas } from "./scratch.js";

/** Limits of a canvas in browsers (Chromium: 16,384 pixels per side, 2^28 pixels in all). */
const MAX_CANVAS_SIDE = 16_384;
const MAX_CANVAS_PIXELS = 2 ** 28;

/** A picture that is being enlarged: the decoded source, the grid of tiles and the canvas of the result. */
export class Picture {
  readonly #source: ImageBitmap;
  readonly #plan: PicturePlan;
  readonly #grid: TileGrid;
  readonly #tiles: readonly Tile[];
  readonly #previewScale: number;
  readonly #result: OffscreenCanvas;
  readonly #target: OffscreenCanvasRenderingContext2D;
  readonly #colourSpace: PictureColourSpace;
  readonly #losses: readonly PictureLoss[];
  readonly #strip: ScratchCanvas;
  readonly #enlarged: ScratchCanvas;
  /** Tiles whose place in the result is taken: by the tile itself, or by the plain picture for a view. */
  readonly #drawn = new Set<number>();
  /** Rows of tiles with transparent pixels. */
  readonly #transparentRows = new Set<number>();

  private constructor(source: ImageBitmap, traits: FileTraits, plan: PicturePlan) {
    const { scale } = plan;
    this.#colourSpace = traits.gamut !== "srgb" && canHoldDisplayP3() ? "display-p3" : "srgb";
    this.#losses = lossesOf(traits, this.#colourSpace);
    this.#strip = new ScratchCanvas(this.#colourSpace);
    this.#enlarged = new ScratchCanvas(this.#colourSpace);
    this.#source = source;
    this.#plan = plan;
    const { width, height } = source;
    const tileSize = plan.tileSize ?? chooseTileSize(width, height, plan.halo);
    this.#grid = planTiles(width, height, tileSize, plan.halo);
    this.#tiles = this.#grid.rows.flat();
    this.#result = new OffscreenCanvas(width * scale, height * scale);
    // It is written tile by tile, so it belongs in memory, not on a GPU.
    this.#target = context2d(this.#result, this.#colourSpace);
    const pixels = this.#result.width * this.#result.height;
    this.#previewScale = Math.min(1, Math.sqrt(plan.maxPreviewPixels / pixels));
  }

  /** @throws ShardError "picture-unreadable", "picture-too-large" */
  static async open(blob: Blob, plan: PicturePlan): Promise<Picture> {
    const [source, traits] = await Promise.all([decodePicture(blob), readTraits(blob)]);
    const width = source.width * plan.scale;
    const height = source.height * plan.scale;
    if (Math.max(width, height) > MAX_CANVAS_SIDE || width * height > MAX_CANVAS_PIXELS) {
      source.close();
      throw new ShardError(
        "picture-too-large",
        `Expected a result of at most ${MAX_CANVAS_SIDE} pixels per side and ${Math.floor(MAX_CANVAS_PIXELS / 1e6)} megapixels, ` +
          `received one of ${width} × ${height} pixels: scale the picture down or crop it first.`,
      );
    }
    return new Picture(source, traits, plan);
  }

  async describe(): Promise<OpenedPicture<ImageBitmap>> {
    const { width, height } = this.#source;
    const previewWidth = Math.max(1, Math.round(this.#result.width * this.#previewScale));
    const previewHeight = Math.max(1, Math.round(this.#result.height * this.#previewScale));
    const preview = await createImageBitmap(this.#source, {
      resizeWidth: previewWidth,
      resizeHeight: previewHeight,
      resizeQuality: "low",
    });
    const { tileWidth, tileHeight, rows } = this.#grid;
    const tileCount = this.#tiles.length;
    return {
      width,
      height,
      colourSpace: this.#colourSpace,
      losses: this.#losses,
      tileWidth,
      tileHeight,
      tileCount,
      rowCount: rows.length,
      previewWidth,
      previewHeight,
      preview,
    };
  }

  cutRow(row: number): PictureStrip {
    const tiles = this.#grid.rows[row]!;
    const { y, height } = tiles[0]!.window;
    const top = Math.max(0, y - BLEED_RADIUS);
    const bottom = Math.min(this.#source.height, y + height + BLEED_RADIUS);
    const { width } = this.#source;
    const { data } = this.#read({ x: 0, y: top, width, height: bottom - top });
    if (hasTransparency(data)) {
      this.#transparentRows.add(row);
      bleedColours(data, width, bottom - top);
    }
    const tileSize = 3 * this.#grid.tileWidth * this.#grid.tileHeight;
    const rgb = new Uint8Array(tiles.length * tileSize);
    tiles.forEach(({ window }, index) =>
      copyWindow(data, width, { ...window, y: window.y - top }, rgb, index * tileSize),
    );
    release(data.buffer);
    return { tileCount: tiles.length, rgb };
  }

  /** Write the cores of finished tiles into the result. The request's buffer is detached. */
  async place({ firstTile, tileCount, rgb }: PlaceRequest): Promise<PlacedTile<ImageBitmap>[]> {
    const { scale } = this.#plan;
    const width = this.#grid.tileWidth * scale;
    const tileSize = 3 * width * this.#grid.tileHeight * scale;
    const placed: PlacedTile<ImageBitmap>[] = [];
    for (let index = 0; index < tileCount; index++) {
      const tile = firstTile + index;
      const { core, window } = this.#tiles[tile]!;
      const part = { x: core.x - window.x, y: core.y - window.y, width: core.width, height: core.height };
      const enlarged = times(part, scale);
      const pixels = toRgba(rgb, index * tileSize, width, enlarged);
      if (this.#transparentRows.has(Math.floor(tile / this.#grid.rows[0]!.length))) this.#writeAlpha(pixels, core);
      const image = new ImageData(pixels, enlarged.width, enlarged.height, { colorSpace: this.#colourSpace });
      const at = times(core, scale);
      this.#drawn.add(tile);
      this.#target.putImageData(image, at.x, at.y);
      placed.push({ tile, ...(await this.#preview(image, at)) });
      release(pixels.buffer);
    }
    // The buffer was transferred with the request, so nobody else uses it.
    release(rgb.buffer as ArrayBuffer);
    return placed;
  }

  /** @throws ShardError "invalid-options" where the browser can't write the format. */
  encode(encoding: PictureEncoding): Promise<Blob> {
    const isOpaque = this.#transparentRows.size === 0 || takesTransparency(encoding);
    return encodeCanvas(isOpaque ? this.#result : onPaper(this.#result, this.#colourSpace), encoding);
  }

  /** Draw a part of the original, or of the result as far as it is there. */
  view({ layer, part, width, height }: PictureView): Promise<ImageBitmap> {
    const { scale } = this.#plan;
    const canvas = new OffscreenCanvas(width, height);
    const context = context2d(canvas, this.#colourSpace);
    const sourceScale = layer === "original" ? scale : 1;
    context.imageSmoothingQuality = "medium";
    if (layer === "result") this.#drawPlain(part);
    const image = layer === "original" ? this.#source : this.#result;
    const { x, y, width: partWidth, height: partHeight } = times(part, 1 / sourceScale);
    context.drawImage(image, x, y, partWidth, partHeight, 0, 0, width, height);
    return createImageBitmap(canvas);
  }

  close(): void {
    this.#source.close();
    this.#result.width = 0;
    this.#result.height = 0;
  }

  async #preview(image: ImageData, at: Rectangle): Promise<{ target: Rectangle; bitmap: ImageBitmap }> {
    // The edges are rounded, not the sizes, so that neighbours meet without a gap.
    const x = Math.round(at.x * this.#previewScale);
    const y = Math.round(at.y * this.#previewScale);
    const width = Math.max(1, Math.round((at.x + at.width) * this.#previewScale) - x);
    const height = Math.max(1, Math.round((at.y + at.height) * this.#previewScale) - y);
    const bitmap = await createImageBitmap(image, {
      resizeWidth: width,
      resizeHeight: height,
      resizeQuality: "medium",
    });
    return { target: { x, y, width, height }, bitmap };
  }

  /** Fill the places of missing tiles with the plain picture; a tile that comes later replaces all of it. */
  #drawPlain(part: Rectangle): void {
    this.#tiles.forEach(({ core }, tile) => {
      const at = times(core, this.#plan.scale);
      if (this.#drawn.has(tile) || !overlap(at, part)) return;
      this.#drawn.add(tile);
      this.#target.drawImage(this.#source, core.x, core.y, core.width, core.height, at.x, at.y, at.width, at.height);
    });
  }

  #read({ x, y, width, height }: Rectangle): ImageData {
    const context = this.#strip.clear(width, height);
    context.drawImage(this.#source, x, y, width, height, 0, 0, width, height);
    return context.getImageData(0, 0, width, height);
  }

  /** The browser's own smoothing enlarges the transparency, since the model takes only colours. */
  #writeAlpha(pixels: Uint8ClampedArray, core: Rectangle): void {
    const { scale } = this.#plan;
    // The margin lets the smoothing see beyond the tile's edge.
    const margin = 2;
    const x = Math.max(0, core.x - margin);
    const y = Math.max(0, core.y - margin);
    const width = Math.min(this.#source.width, core.x + core.width + margin) - x;
    const height = Math.min(this.#source.height, core.y + core.height + margin) - y;
    const context = this.#enlarged.clear(width * scale, height * scale);
    context.imageSmoothingQuality = "high";
    context.drawImage(this.#source, x, y, width, height, 0, 0, width * scale, height * scale);
    const part = times({ x: core.x - x, y: core.y - y, width: core.width, height: core.height }, scale);
    const { data } = context.getImageData(part.x, part.y, part.width, part.height);
    for (let i = 3; i < pixels.length; i += 4) pixels[i] = data[i]!;
    release(data.buffer);
  }
}

function times({ x, y, width, height }: Rectangle, scale: number): Rectangle {
  return { x: x * scale, y: y * scale, width: width * scale, height: height * scale };
}

function overlap(a: Rectangle, b: Rectangle): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/** What the result can't hold of a file with these traits. */
function lossesOf({ gamut, depth, isAnimated }: FileTraits, colourSpace: PictureColourSpace): PictureLoss[] {
  const losses: PictureLoss[] = [];
  if (gamut === "wider" || (gamut === "display-p3" && colourSpace === "srgb")) losses.push("colours");
  if (depth > 8) losses.push("depth");
  if (isAnimated) losses.push("frames");
  return losses;
}
