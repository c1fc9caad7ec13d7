import { CENTRE, FIT, move, zoomAt, type FramePoint, type Viewport } from "./viewport.js";

/** The screen's pixels (CSS) per pixel of the result, at most. */
const MAX_PIXEL_SIZE = 16;
/** Of the buttons and keys. */
const STEP = 1.5;
/** Rounding must not count as zoomed in. */
const ALMOST_FIT = 1.001;

/** How far the picture is zoomed in, and where. Changes of the frame's size keep the part that is shown. */
export class Zoom {
  readonly #frame: HTMLElement;
  readonly #onChange: () => void;
  #view = FIT;
  #resultWidth = 1;

  /** @param frame shows the picture; at zoom 1, as wide as the picture. */
  constructor(frame: HTMLElement, onChange: () => void) {
    this.#frame = frame;
    this.#onChange = onChange;
  }

  get view(): Viewport {
    return this.#view;
  }

  get isFit(): boolean {
    return this.#view.zoom < ALMOST_FIT;
  }

  /** The screen's pixels (CSS) per pixel of the result. */
  get pixelSize(): number {
    return (this.#view.zoom * this.#frame.clientWidth) / this.#resultWidth;
  }

  /** Show another picture. One of the same size, such as the same one again, stays zoomed. @param resultWidth pixels. */
  open(resultWidth: number): void {
    if (resultWidth !== this.#resultWidth) this.#view = FIT;
    this.#resultWidth = resultWidth;
    this.#onChange();
  }

  fit(): void {
    this.#set(FIT);
  }

  in(at: FramePoint = CENTRE): void {
    this.by(STEP, at);
  }

  out(at: FramePoint = CENTRE): void {
    this.by(1 / STEP, at);
  }

  by(factor: number, at: FramePoint): void {
    this.#set(zoomAt(this.#view, this.#view.zoom * factor, at, this.#maxZoom));
  }

  /** @param pixelSize the screen's pixels (CSS) per pixel of the result. */
  to(pixelSize: number, at: FramePoint = CENTRE): void {
    this.#set(zoomAt(this.#view, this.#zoomOf(pixelSize), at, this.#maxZoom));
  }

  /** By parts of the frame: positive numbers move the picture to the right and down. */
  move(right: number, down: number): void {
    this.#set(move(this.#view, right, down));
  }

  get #maxZoom(): number {
    return this.#zoomOf(MAX_PIXEL_SIZE);
  }

  #zoomOf(pixelSize: number): number {
    return (pixelSize * this.#resultWidth) / Math.max(1, this.#frame.clientWidth);
  }

  #set(view: Viewport): void {
    this.#view = view.zoom < ALMOST_FIT ? FIT : view;
    this.#onChange();
  }
}
