/** Which part of a picture its frame shows. At `zoom` 1 that is all of it. */
export interface Viewport {
  /** ≥ 1, against the fit. */
  readonly zoom: number;
  /** The top left corner of what is visible, as parts of the picture: 0 … 1 − 1 ÷ zoom. */
  readonly x: number;
  readonly y: number;
}

export const FIT: Viewport = { zoom: 1, x: 0, y: 0 };

/** A point of the frame, as parts of its width and height, 0…1. */
export interface FramePoint {
  readonly x: number;
  readonly y: number;
}

export const CENTRE: FramePoint = { x: 0.5, y: 0.5 };

/** Zoom so that what lies under `point` stays there, as far as the picture's edges allow. */
export function zoomAt(view: Viewport, zoom: number, point: FramePoint, maxZoom: number): Viewport {
  const next = Math.min(Math.max(1, maxZoom), Math.max(1, zoom));
  const place = (from: number, at: number): number => from + at / view.zoom - at / next;
  return clamp({ zoom: next, x: place(view.x, point.x), y: place(view.y, point.y) });
}

/** Move the picture by parts of the frame: positive numbers move it to the right and down. */
export function move(view: Viewport, right: number, down: number): Viewport {
  return clamp({ ...view, x: view.x - right / view.zoom, y: view.y - down / view.zoom });
}

/** The frame never shows what lies beyond the picture. */
function clamp({ zoom, x, y }: Viewport): Viewport {
  const most = 1 - 1 / zoom;
  return { zoom, x: Math.min(most, Math.max(0, x)), y: Math.min(most, Math.max(0, y)) };
}
