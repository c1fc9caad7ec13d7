import { pageBeat } from "../parts/beat.js";

export interface Redrawn {
  /** Whether there is anything new to be drawn, though nobody asked for it. */
  hasChanged(): boolean;
  /** Called in an animation frame. */
  draw(): void;
}

/** Draws what is on view: in the next frame if that is requested, and else when the page's beat finds something new. */
export class RedrawLoop {
  readonly #redrawn: Redrawn;
  #onView: AbortController | undefined;
  #isFrameRequested = false;
  #isStale = true;

  constructor(redrawn: Redrawn) {
    this.#redrawn = redrawn;
  }

  /** While it is not on view, nothing is looked at. */
  setOnView(isOnView: boolean): void {
    if (isOnView === (this.#onView !== undefined)) return;
    this.#onView?.abort();
    this.#onView = isOnView ? new AbortController() : undefined;
    if (this.#onView === undefined) return;
    pageBeat.follow(() => this.#redrawn.hasChanged() && this.#draw(), this.#onView.signal);
    if (this.#isStale || this.#redrawn.hasChanged()) this.request();
  }

  request(): void {
    this.#isStale = true;
    if (this.#onView === undefined || this.#isFrameRequested) return;
    this.#isFrameRequested = true;
    requestAnimationFrame(() => {
      this.#isFrameRequested = false;
      if (this.#isStale) this.#draw();
    });
  }

  #draw(): void {
    this.#isStale = false;
    this.#redrawn.draw();
  }
}
