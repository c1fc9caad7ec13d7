export interface Redrawn {
  /** Whether there is anything new to be drawn, though nobody asked for it. */
  hasChanged(): boolean;
  /** How long to wait before looking again, ms. */
  intervalMs(): number;
  /** Called in an animation frame. */
  draw(): void;
}

/** Draws what is on view: in the next frame if that is requested, and else when a look now and then finds something new. */
export class RedrawLoop {
  readonly #redrawn: Redrawn;
  #isOnView = false;
  #isFrameRequested = false;
  #isStale = true;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(redrawn: Redrawn) {
    this.#redrawn = redrawn;
  }

  /** While it is not on view, nothing is looked at. */
  setOnView(isOnView: boolean): void {
    this.#isOnView = isOnView;
    this.#look();
  }

  request(): void {
    this.#isStale = true;
    this.#look();
  }

  #look(): void {
    clearTimeout(this.#timer);
    if (!this.#isOnView) return;
    if ((this.#isStale || this.#redrawn.hasChanged()) && !this.#isFrameRequested) {
      this.#isFrameRequested = true;
      requestAnimationFrame(() => {
        this.#isFrameRequested = false;
        this.#isStale = false;
        this.#redrawn.draw();
      });
    }
    this.#timer = setTimeout(() => this.#look(), this.#redrawn.intervalMs());
  }
}
