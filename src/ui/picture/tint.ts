import type { Rectangle } from "../../index.js";

/** Mark an area in a worker's colour. @param scale from the area's pixels to the canvas's. */
export function drawTint(context: CanvasRenderingContext2D, colour: string, area: Rectangle, scale: number): void {
  const [x, y, width, height] = [area.x * scale, area.y * scale, area.width * scale, area.height * scale];
  context.clearRect(x, y, width, height);
  context.fillStyle = colour;
  context.globalAlpha = 0.24;
  context.fillRect(x, y, width, height);
  context.globalAlpha = 0.9;
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.strokeRect(x + 0.5, y + 0.5, Math.max(0, width - 1), Math.max(0, height - 1));
  context.globalAlpha = 1;
}
