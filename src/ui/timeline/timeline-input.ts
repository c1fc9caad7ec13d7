/** What the pointer and the keyboard do. x, y: CSS pixels from the canvas's upper left corner. */
export interface TimelineTarget {
  /** @param factor above 1 shows more detail. @param x what stays where it is. */
  zoom(factor: number, x?: number): void;
  /** @param px above 0 moves on to later times. */
  pan(px: number): void;
  /** The pointer is here; `undefined` if it has left. */
  point(at: { readonly x: number; readonly y: number } | undefined): void;
  /** The next attempt of the same worker, or the one before. */
  step(direction: 1 | -1): void;
  /** The next worker, or the one before. */
  stepLane(direction: 1 | -1): void;
  stepToEdge(edge: "first" | "last"): void;
  showWhole(): void;
  /** Nothing is chosen any more. @returns whether anything was. */
  release(): boolean;
}

const KEY_ZOOM = 1.5;
/** A notch of a mouse wheel, mostly 100, zooms by about a quarter. */
const WHEEL_ZOOM_PER_PX = 0.0022;
const KEY_PAN_PX = 80;
/** Within this distance a touch is a tap, CSS pixels. */
const TAP_PX = 6;

/** Connect a canvas with what it shows. A wheel without Ctrl, and an upright swipe, still scroll the page. */
export function listenForInput(canvas: HTMLCanvasElement, target: TimelineTarget): void {
  canvas.addEventListener("keydown", (event) => {
    if (event.altKey || event.metaKey || event.ctrlKey || !actOn(event, target)) return;
    event.preventDefault();
  });
  canvas.addEventListener(
    "wheel",
    (event) => {
      const { deltaX, deltaY } = inPixels(event);
      // The browser reports a pinch on a touchpad as a wheel with Ctrl.
      if (event.ctrlKey || event.metaKey) target.zoom(Math.exp(-deltaY * WHEEL_ZOOM_PER_PX), event.offsetX);
      else if (event.shiftKey) target.pan(deltaX || deltaY);
      else if (Math.abs(deltaX) > Math.abs(deltaY)) target.pan(deltaX);
      else return;
      event.preventDefault();
    },
    { passive: false },
  );
  listenForPointers(canvas, target);
}

function actOn({ key, shiftKey }: KeyboardEvent, target: TimelineTarget): boolean {
  switch (key) {
    case "+":
    case "=":
      target.zoom(KEY_ZOOM);
      return true;
    case "-":
    case "_":
      target.zoom(1 / KEY_ZOOM);
      return true;
    case "0":
      target.showWhole();
      return true;
    case "ArrowRight":
    case "ArrowLeft": {
      const direction = key === "ArrowRight" ? 1 : -1;
      if (shiftKey) target.pan(direction * KEY_PAN_PX);
      else target.step(direction);
      return true;
    }
    case "ArrowDown":
    case "ArrowUp":
      target.stepLane(key === "ArrowDown" ? 1 : -1);
      return true;
    case "Home":
    case "End":
      target.stepToEdge(key === "Home" ? "first" : "last");
      return true;
    case "Escape":
      return target.release();
    default:
      return false;
  }
}

const LINE_PX = 16;

function inPixels({ deltaX, deltaY, deltaMode }: WheelEvent): { readonly deltaX: number; readonly deltaY: number } {
  const unit = deltaMode === WheelEvent.DOM_DELTA_PIXEL ? 1 : LINE_PX;
  return { deltaX: deltaX * unit, deltaY: deltaY * unit };
}

/** One finger, or the mouse's button, pans; two fingers zoom, and pan with their middle. A tap or a hovering pointer points. */
function listenForPointers(canvas: HTMLCanvasElement, target: TimelineTarget): void {
  const down = new Map<number, number>();
  let movedPx = 0;
  const spread = (): { readonly middle: number; readonly gap: number } => {
    const all = [...down.values()];
    return { middle: (Math.min(...all) + Math.max(...all)) / 2, gap: Math.max(...all) - Math.min(...all) };
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    down.set(event.pointerId, event.offsetX);
    movedPx = 0;
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!down.has(event.pointerId)) {
      target.point({ x: event.offsetX, y: event.offsetY });
      return;
    }
    const before = spread();
    down.set(event.pointerId, event.offsetX);
    const after = spread();
    movedPx += Math.abs(after.middle - before.middle);
    if (movedPx > TAP_PX || down.size > 1) {
      target.point(undefined);
      target.pan(before.middle - after.middle);
    }
    if (down.size > 1 && before.gap > 0 && after.gap > 0) target.zoom(after.gap / before.gap, after.middle);
  });
  const up = (event: PointerEvent): void => {
    const wasTap = down.delete(event.pointerId) && movedPx <= TAP_PX;
    if (wasTap && event.type === "pointerup") target.point({ x: event.offsetX, y: event.offsetY });
  };
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", up);
  canvas.addEventListener("pointerleave", ({ pointerType }) => {
    // After a tap the details stay until the next one.
    if (pointerType === "mouse") target.point(undefined);
  });
}
