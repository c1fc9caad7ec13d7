import type { FramePoint } from "./viewport.js";
import type { Zoom } from "./zoom.js";

/** A turn of a mouse wheel is 100 or so; a pinch on a touchpad arrives as many small ones. */
const WHEEL_STEP = 1 / 300;
/** What an arrow key moves, as a part of the frame. */
const KEY_STEP = 0.15;
/** A double click shows the picture's pixels at this size, or at twice that if it fits so already. */
const CLOSE_UP = 2;

/** Zoom and move by wheel, pinch, drag, double click and keys. */
export function listenForZoom(frame: HTMLElement, zoom: Zoom): void {
  const pointOf = ({ clientX, clientY }: { clientX: number; clientY: number }): FramePoint => {
    const { left, top, width, height } = frame.getBoundingClientRect();
    return { x: (clientX - left) / width, y: (clientY - top) / height };
  };
  frame.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== frame) return;
    const act = keyActions[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act(zoom);
  });
  frame.addEventListener("dblclick", (event) => {
    if (zoom.isFit) zoom.to(zoom.pixelSize < CLOSE_UP / 1.2 ? CLOSE_UP : zoom.pixelSize * 2, pointOf(event));
    else zoom.fit();
  });
  frame.addEventListener(
    "wheel",
    (event) => {
      // A page that is being scrolled must not get stuck at the picture: it zooms for those who have begun to.
      const wants = event.ctrlKey || !zoom.isFit || frame.matches(":focus");
      if (!wants || (zoom.isFit && event.deltaY > 0 && !event.ctrlKey)) return;
      event.preventDefault();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
      const factor = event.ctrlKey ? 3 : 1;
      zoom.by(Math.exp(-event.deltaY * lines * factor * WHEEL_STEP), pointOf(event));
    },
    { passive: false },
  );
  listenForDrags(frame, zoom, pointOf);
}

const keyActions: Readonly<Record<string, (zoom: Zoom) => void>> = {
  "+": (zoom) => zoom.in(),
  "=": (zoom) => zoom.in(),
  "-": (zoom) => zoom.out(),
  _: (zoom) => zoom.out(),
  "0": (zoom) => zoom.fit(),
  "1": (zoom) => zoom.to(1),
  ArrowLeft: (zoom) => zoom.move(KEY_STEP, 0),
  ArrowRight: (zoom) => zoom.move(-KEY_STEP, 0),
  ArrowUp: (zoom) => zoom.move(0, KEY_STEP),
  ArrowDown: (zoom) => zoom.move(0, -KEY_STEP),
};

/** One pointer moves the picture, two of them pinch it. */
function listenForDrags(frame: HTMLElement, zoom: Zoom, pointOf: (event: PointerEvent) => FramePoint): void {
  const pointers = new Map<number, FramePoint>();
  frame.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    pointers.set(event.pointerId, pointOf(event));
    frame.setPointerCapture(event.pointerId);
  });
  frame.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (before === undefined) return;
    const now = pointOf(event);
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    pointers.set(event.pointerId, now);
    if (other === undefined) {
      zoom.move(now.x - before.x, now.y - before.y);
      return;
    }
    const { width, height } = frame.getBoundingClientRect();
    const apart = (point: FramePoint): number => Math.hypot((point.x - other.x) * width, (point.y - other.y) * height);
    zoom.by(apart(now) / Math.max(1, apart(before)), { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
    zoom.move((now.x - before.x) / 2, (now.y - before.y) / 2);
  });
  for (const type of ["pointerup", "pointercancel"] as const) {
    frame.addEventListener(type, (event) => pointers.delete(event.pointerId));
  }
}
