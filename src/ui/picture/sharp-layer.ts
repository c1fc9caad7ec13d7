import type { PictureColourSpace, PictureInProgress, PictureView } from "../../index.js";
import { element } from "../parts/dom.js";
import { context2d, keepDrawn } from "./kept-canvas.js";
import type { Viewport } from "./viewport.js";

/** A zoom or a move in progress is not worth a request. */
const SETTLE_MS = 100;
/** From so many pixels of the screen (CSS) per pixel of the result on, the pixels themselves are shown. */
export const NEAREST_FROM = 2;

export interface ShownPicture {
  /** Of the result, pixels. */
  readonly width: number;
  readonly height: number;
  readonly scale: number;
  readonly previewWidth: number;
  readonly colourSpace: PictureColourSpace;
  readonly view: PictureInProgress["view"];
}

/** What is visible, in the picture's own pixels, where the preview has too few of them. Lies over the preview. */
export class SharpLayer {
  readonly #layer: PictureView["layer"];
  #canvas: HTMLCanvasElement;
  #picture: ShownPicture | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked: PictureView | undefined;
  /** Outdated answers are dropped. */
  #requestCount = 0;

  constructor(layer: PictureView["layer"]) {
    this.#layer = layer;
    this.#canvas = this.#makeCanvas();
  }

  /** Another one after each `open`. */
  get canvas(): HTMLCanvasElement {
    return this.#canvas;
  }

  open(picture: ShownPicture): void {
    this.hide();
    this.#picture = picture;
    this.#canvas = this.#makeCanvas();
  }

  hide(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#requestCount++;
    this.#asked = undefined;
    this.canvas.hidden = true;
  }

  /** @param pixelSize the screen's pixels (CSS) per pixel of the result. */
  update(viewport: Viewport, pixelSize: number): void {
    this.#asked = this.#picture && wantedView(this.#layer, this.#picture, viewport, pixelSize);
    if (this.#asked === undefined) return this.hide();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#request(), SETTLE_MS);
  }

  /** The result has changed. */
  refresh(): void {
    if (this.#asked !== undefined) this.#timer ??= setTimeout(() => this.#request(), 3 * SETTLE_MS);
  }

  /** A canvas keeps its first colour space. */
  #makeCanvas(): HTMLCanvasElement {
    const testId = `sharp-${this.#layer}`;
    const canvas = element("canvas", { class: "sharp", "aria-hidden": "true", "data-testid": testId, hidden: "" });
    keepDrawn(canvas, () => canvas === this.#canvas && this.#request());
    return canvas;
  }

  #request(): void {
    this.#timer = undefined;
    const [picture, asked] = [this.#picture, this.#asked];
    if (picture === undefined || asked === undefined) return;
    const request = ++this.#requestCount;
    picture.view(asked).then(
      (bitmap) => {
        if (request === this.#requestCount) this.#draw(bitmap, asked.part, picture);
        bitmap.close();
      },
      // The job was cancelled or has failed: the preview is what there is.
      () => request === this.#requestCount && this.hide(),
    );
  }

  #draw(bitmap: ImageBitmap, { x, y, width, height }: PictureView["part"], picture: ShownPicture): void {
    this.canvas.width = bitmap.width;
    this.canvas.height = bitmap.height;
    context2d(this.canvas, picture.colourSpace).drawImage(bitmap, 0, 0);
    const { style } = this.canvas;
    style.left = `${(100 * x) / picture.width}%`;
    style.top = `${(100 * y) / picture.height}%`;
    style.width = `${(100 * width) / picture.width}%`;
    style.height = `${(100 * height) / picture.height}%`;
    this.canvas.hidden = false;
  }
}

/**
 * The part that is visible, in whole pixels of the original, at the screen's resolution or, close up, at the picture's own.
 * @returns `undefined` where the preview shows as much.
 */
export function wantedView(
  layer: PictureView["layer"],
  { width, height, scale, previewWidth }: Omit<ShownPicture, "view" | "colourSpace">,
  { zoom, x, y }: Viewport,
  pixelSize: number,
  screenScale: number = devicePixelRatio,
): PictureView | undefined {
  const isNearest = pixelSize >= NEAREST_FROM;
  const isPreviewEnough =
    layer === "result" && previewWidth >= width ? true : !isNearest && pixelSize * screenScale <= previewWidth / width;
  if (isPreviewEnough) return undefined;
  const span = (length: number, from: number): readonly [number, number] => {
    const start = Math.floor((from * length) / scale) * scale;
    const end = Math.min(length, Math.ceil(((from + 1 / zoom) * length) / scale) * scale);
    return [start, Math.max(scale, end - start)];
  };
  const [left, partWidth] = span(width, x);
  const [top, partHeight] = span(height, y);
  const own = layer === "original" ? 1 / scale : 1;
  const onScreen = pixelSize * screenScale;
  const factor = isNearest ? own : layer === "result" ? Math.min(own, onScreen) : onScreen;
  return {
    layer,
    part: { x: left, y: top, width: partWidth, height: partHeight },
    width: Math.max(1, Math.round(partWidth * factor)),
    height: Math.max(1, Math.round(partHeight * factor)),
  };
}
