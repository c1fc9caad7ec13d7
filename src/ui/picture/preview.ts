import type { PictureColourSpace, PictureInProgress, PlacedTile } from "../../index.js";
import { element } from "../parts/dom.js";
import { perFrame } from "../parts/frame.js";
import { context2d, keepDrawn } from "./kept-canvas.js";
import { NEAREST_FROM, SharpLayer } from "./sharp-layer.js";
import { drawTint } from "./tint.js";
import { Wipe } from "./wipe.js";
import { listenForZoom } from "./zoom-gestures.js";
import { Zoom } from "./zoom.js";

/** What the preview needs of an opened picture. */
export type PreviewedPicture = Pick<
  PictureInProgress,
  "width" | "height" | "colourSpace" | "previewWidth" | "previewHeight" | "preview" | "view"
>;

interface ShownTile {
  readonly tile: PlacedTile<ImageBitmap>;
  readonly colour: string;
}

/** Drawing takes at most this much of a frame; the remaining tiles wait for the next one. */
const DRAW_BUDGET_MS = 6;
/** Each frame with a new tile uploads the whole canvas, which takes cores from the workers where there is no GPU. */
const DRAW_INTERVAL_MS = 80;
/** About as many pixels as the screen shows of the preview. */
export const MAX_PREVIEW_PIXELS = (globalThis.devicePixelRatio ?? 1) > 1 ? 4e6 : 1.5e6;
/** The tints are plain areas, which need no more pixels. */
const MAX_TINT_PIXELS = 1e6;

/**
 * The picture in progress: scaled up plainly, then replaced tile by tile, beside the original. Canvases lie on top of each other. All that
 * is drawn is kept, so that it can be drawn again.
 */
export class Preview {
  readonly root: HTMLElement;
  readonly zoom: Zoom;
  readonly #frame: HTMLElement;
  readonly #box: HTMLElement;
  readonly #wipe = new Wipe((part) => this.#showWipe(part));
  readonly #after = element("div", { class: "stage" });
  readonly #before = element("div", { class: "stage" });
  readonly #sharpResult = new SharpLayer("result");
  readonly #sharpOriginal = new SharpLayer("original");
  readonly #empty = element("p", { class: "empty muted" }, "Choose pictures, drop them here or paste one.");
  readonly #onZoom: (() => void)[] = [];
  #canvases: { readonly result: HTMLCanvasElement; readonly tints: HTMLCanvasElement } | undefined;
  #plain: ImageBitmap | undefined;
  #tintScale = 1;
  readonly #tiles = new Map<number, ShownTile>();
  #waiting: ShownTile[] = [];
  readonly #draw = perFrame(() => this.#drawTiles(), DRAW_INTERVAL_MS);

  constructor() {
    this.#frame = element(
      "div",
      {
        class: "frame",
        role: "group",
        tabindex: "0",
        "aria-label": "Picture: plus and minus zoom, 0 fits it into its frame, the arrow keys move it",
        "data-testid": "frame",
      },
      this.#after,
      element("div", { class: "before" }, this.#before),
    );
    this.zoom = new Zoom(this.#frame, () => this.#showZoom());
    listenForZoom(this.#frame, this.zoom);
    this.#box = element("div", { class: "frame-box" }, this.#frame, this.#wipe.root);
    this.root = element("div", { class: "preview", "data-tints": "running" }, this.#empty);
    this.#showWipe(0);
    new ResizeObserver(() => this.#showZoom()).observe(this.#frame);
  }

  /** Replace the picture that is shown. The opened picture's bitmap is closed with it. */
  open(opened: PreviewedPicture, name: string, scale: number): void {
    this.#dropTiles();
    this.#plain?.close();
    const { previewWidth, previewHeight, preview, colourSpace } = opened;
    this.#plain = preview;
    this.#box.style.setProperty("--preview-width", `${previewWidth}px`);
    this.#box.style.setProperty("--preview-ratio", `${previewWidth / previewHeight}`);
    this.#tintScale = Math.min(1, Math.sqrt(MAX_TINT_PIXELS / (previewWidth * previewHeight)));
    const width = opened.width * scale;
    const picture = { width, height: opened.height * scale, scale, previewWidth, colourSpace, view: opened.view };
    this.#sharpResult.open(picture);
    this.#sharpOriginal.open(picture);
    this.#makeCanvases(opened, name);
    if (!this.#box.isConnected) this.root.replaceChildren(this.#box);
    this.#drawPlain(colourSpace);
    this.root.dataset["job"] = "running";
    this.#wipe.suggest(0);
    this.zoom.open(width);
  }

  /** Takes ownership of the tile's bitmap. */
  addTile(tile: PlacedTile<ImageBitmap>, colour: string): void {
    this.#tiles.get(tile.tile)?.tile.bitmap.close();
    const shown = { tile, colour };
    this.#tiles.set(tile.tile, shown);
    this.#waiting.push(shown);
    this.#draw();
  }

  /** The tints fade out, unless they are always shown. @param isDone whether there is a result to compare. */
  end(isDone: boolean): void {
    this.root.dataset["job"] = "ended";
    if (isDone) this.#wipe.suggest(0.5);
    this.#sharpResult.refresh();
  }

  /** When the tiles are tinted in their workers' colours. */
  setTints(when: "running" | "always" | "never"): void {
    this.root.dataset["tints"] = when;
  }

  showOriginal(isShown: boolean): void {
    this.root.toggleAttribute("data-original", isShown);
  }

  onZoom(listener: () => void): void {
    this.#onZoom.push(listener);
  }

  close(): void {
    this.#dropTiles();
    this.#plain?.close();
    this.#plain = undefined;
    this.#sharpResult.hide();
    this.#sharpOriginal.hide();
  }

  /** A canvas keeps its first colour space. */
  #makeCanvases({ previewWidth, previewHeight, colourSpace }: PreviewedPicture, name: string): void {
    const result = element("canvas", {
      class: "result",
      role: "img",
      "aria-label": `${name}, enlarged`,
      "data-testid": "result",
    });
    const tints = element("canvas", { class: "tints", "aria-hidden": "true", "data-testid": "tints" });
    const original = element("canvas", { class: "original", "aria-hidden": "true", "data-testid": "original" });
    resize(result, previewWidth, previewHeight);
    resize(tints, Math.ceil(previewWidth * this.#tintScale), Math.ceil(previewHeight * this.#tintScale));
    resize(original, previewWidth, previewHeight);
    this.#canvases = { result, tints };
    this.#after.replaceChildren(result, this.#sharpResult.canvas, tints);
    this.#before.replaceChildren(original, this.#sharpOriginal.canvas);
    const drawOriginal = (): void => {
      if (this.#plain !== undefined) context2d(original, colourSpace).drawImage(this.#plain, 0, 0);
    };
    drawOriginal();
    keepDrawn(original, drawOriginal);
    keepDrawn(result, () => this.#drawAgain(colourSpace));
    keepDrawn(tints, () => this.#drawAgain(colourSpace));
  }

  #drawPlain(colourSpace: PictureColourSpace): void {
    if (this.#canvases === undefined || this.#plain === undefined) return;
    const { result } = this.#canvases;
    const context = context2d(result, colourSpace);
    context.clearRect(0, 0, result.width, result.height);
    context.drawImage(this.#plain, 0, 0);
  }

  #drawAgain(colourSpace: PictureColourSpace): void {
    this.#drawPlain(colourSpace);
    this.#waiting = [...this.#tiles.values()];
    this.#draw();
  }

  #drawTiles(): void {
    if (this.#canvases === undefined) return;
    const untilMs = performance.now() + DRAW_BUDGET_MS;
    const result = context2d(this.#canvases.result);
    const tints = context2d(this.#canvases.tints);
    let drawnCount = 0;
    while (drawnCount < this.#waiting.length && performance.now() < untilMs) {
      const { tile, colour } = this.#waiting[drawnCount++]!;
      const { x, y, width, height } = tile.target;
      // Where a tile is transparent, the plain picture must not show through.
      result.clearRect(x, y, width, height);
      result.drawImage(tile.bitmap, x, y);
      drawTint(tints, colour, tile.target, this.#tintScale);
    }
    this.#waiting.splice(0, drawnCount);
    this.#sharpResult.refresh();
    if (this.#waiting.length > 0) this.#draw();
  }

  #showWipe(part: number): void {
    this.#box.style.setProperty("--wipe", `${(100 * part).toFixed(2)}%`);
    this.root.toggleAttribute("data-wiped", part > 0);
    this.root.toggleAttribute("data-split", part > 0.15 && part < 0.85);
  }

  #showZoom(): void {
    const { zoom, x, y } = this.zoom.view;
    const { pixelSize } = this.zoom;
    this.#frame.style.setProperty("--zoom", `${zoom}`);
    this.#frame.style.setProperty("--left", `${-100 * x * zoom}%`);
    this.#frame.style.setProperty("--top", `${-100 * y * zoom}%`);
    this.#frame.toggleAttribute("data-zoomed", !this.zoom.isFit);
    this.#frame.toggleAttribute("data-nearest", pixelSize >= NEAREST_FROM && !this.zoom.isFit);
    this.#sharpResult.update(this.zoom.view, pixelSize);
    this.#sharpOriginal.update(this.zoom.view, pixelSize);
    for (const listener of this.#onZoom) listener();
  }

  #dropTiles(): void {
    for (const { tile } of this.#tiles.values()) tile.bitmap.close();
    this.#tiles.clear();
    this.#waiting = [];
  }
}

/** Also clears the canvas. */
function resize(canvas: HTMLCanvasElement, width: number, height: number): void {
  canvas.width = width;
  canvas.height = height;
}
