import { element } from "../../parts/dom.js";
import { formatCount } from "../../parts/format.js";
import { formatValue } from "../model-text.js";
import { areaPixels, areasOf, classColour } from "./draw-mask.js";
import { picturePixels, rangeOfPicture } from "./draw-picture.js";
import { BOX_ORDERS, arePixels, findBoxes, placeBox, type BoxOrder } from "./find-boxes.js";
import { POINT_ORDERS, findPoints, type PointOrder } from "./find-points.js";
import { pictureSizeOf } from "./guess-view.js";
import type { NumberOutput } from "./item-output.js";
import { drawBehind, shownSize } from "./picture-behind.js";
import { labelOf, type ViewContext } from "./view-context.js";

const MASK_ALPHA = 150;
const MAX_LEGEND = 12;
/** Boxes with less are hardly meant. */
const LEAST_SCORE = 0.3;
/** The side of the square on which boxes and points are drawn without a picture. */
const BLANK_SIDE = 480;

/** A picture: what black and white mean stands below. */
export function pictureView(output: NumberOutput): HTMLElement[] {
  const size = pictureSizeOf(output.shape)!;
  const range = rangeOfPicture(output);
  const pixels = picturePixels(output, size, range);
  const canvas = newCanvas(pixels, `Picture of ${size.width} × ${size.height} pixels`);
  draw(canvas)?.putImageData(new ImageData(pixels.bytes, pixels.width, pixels.height), 0, 0);
  canvas.classList.toggle("pixelated", size.width < 200);
  const caption = `${size.width} × ${size.height} pixels; ${formatValue(range.low)} is black, ${formatValue(range.high)} is white`;
  return [canvas, element("p", { class: "muted" }, caption)];
}

/** Areas in colours, over the picture if there is one, with a legend. */
export function maskView(output: NumberOutput, { labels, picture }: ViewContext): HTMLElement[] {
  const areas = areasOf(output);
  const size = picture === undefined ? areas : shownSize(picture);
  const canvas = newCanvas(size, `Areas of ${formatCount(areas.parts.length, "class", "classes")}`);
  const context = draw(canvas);
  const mask = newCanvas(areas, "");
  const isBackground = output.shape.at(-1) === 2 || /background/i.test(labels?.[0] ?? "");
  const alphas = picture === undefined ? [255, 255] : [isBackground ? 0 : MASK_ALPHA, MASK_ALPHA];
  const pixels = areaPixels(areas, (index) => alphas[Math.min(1, index)]!);
  draw(mask)?.putImageData(new ImageData(pixels, areas.width, areas.height), 0, 0);
  if (picture !== undefined && context !== null) drawBehind(context, picture);
  context?.drawImage(mask, 0, 0, canvas.width, canvas.height);
  const legend = areas.parts.slice(0, MAX_LEGEND).map(({ index, fraction }) => {
    const text = `${labelOf(labels, index)}: ${(100 * fraction).toFixed(1)}\u00a0%`;
    return element("li", {}, swatch(index), text);
  });
  const restCount = areas.parts.length - legend.length;
  if (restCount > 0) legend.push(element("li", { class: "muted" }, `and ${restCount} more`));
  return [canvas, element("ul", { class: "output-legend" }, ...legend)];
}

/** Boxes with their classes and scores, over the picture if there is one. */
export function boxesView(context: ViewContext, order: BoxOrder): HTMLElement[] {
  const found = findBoxes(context.outputs)!;
  const { boxes, boxCount, scores, classes } = found;
  const shown = Array.from({ length: boxCount }, (_, box) => box).filter((box) => (scores?.(box) ?? 1) >= LEAST_SCORE);
  const canvas = backdrop(context, `${formatCount(shown.length, "box", "boxes")} of ${boxCount}`);
  const drawing = draw(canvas);
  const inputSize = context.inputSize ?? { width: 1, height: 1 };
  const isPixels = arePixels(boxes.data);
  const lines = shown.map((box) => {
    const values = Array.from({ length: 4 }, (_, i) => boxes.data[4 * box + i]!);
    const { left, top, right, bottom } = placeBox(values, order, isPixels, inputSize);
    const index = classes?.(box);
    const colour = `rgb(${classColour(index ?? 0).join(" ")})`;
    if (drawing !== null) {
      drawing.strokeStyle = colour;
      drawing.lineWidth = Math.max(2, canvas.width / 240);
      const [x, y] = [left * canvas.width, top * canvas.height];
      drawing.strokeRect(x, y, (right - left) * canvas.width, (bottom - top) * canvas.height);
    }
    const score = scores?.(box);
    const name = index === undefined ? `box ${box + 1}` : labelOf(context.labels, index);
    const text = `${name}${score === undefined ? "" : ` ${(100 * score).toFixed(0)}\u00a0%`}`;
    return { element: element("li", {}, swatch(index ?? 0), text), x: left, y: top, text, colour };
  });
  for (const { x, y, text, colour } of lines) writeLabel(drawing, text, x * canvas.width, y * canvas.height, colour);
  const hidden = boxCount - shown.length;
  const note =
    hidden === 0
      ? []
      : [
          element(
            "p",
            { class: "muted" },
            `${formatCount(hidden, "box", "boxes")} with scores under ${100 * LEAST_SCORE}\u00a0% left out`,
          ),
        ];
  return [
    canvas,
    element("ul", { class: "output-legend" }, ...lines.slice(0, MAX_LEGEND).map((line) => line.element)),
    ...note,
  ];
}

/** Points, over the picture if there is one. */
export function pointsView(output: NumberOutput, context: ViewContext, order: PointOrder): HTMLElement[] {
  const { count, stride } = findPoints(output)!;
  const canvas = backdrop(context, formatCount(count, "point"));
  const drawing = draw(canvas);
  const isPixels = arePixels(output.data);
  const { width, height } = isPixels ? (context.inputSize ?? extentOf(output.data, stride)) : { width: 1, height: 1 };
  if (drawing !== null) {
    drawing.fillStyle = `rgb(${classColour(3).join(" ")})`;
    const radius = Math.max(1.5, canvas.width / (count > 100 ? 400 : 120));
    for (let point = 0; point < count; point++) {
      const [a, b] = [output.data[point * stride]!, output.data[point * stride + 1]!];
      const [x, y] = order === "xy" ? [a, b] : [b, a];
      drawing.beginPath();
      drawing.arc((x / width) * canvas.width, (y / height) * canvas.height, radius, 0, 2 * Math.PI);
      drawing.fill();
    }
  }
  const what = `${formatCount(count, "point")}${isPixels ? ", in pixels of the model’s input" : ", as parts of the picture"}`;
  return [canvas, element("p", { class: "muted" }, what)];
}

/** Entries of the select that chooses what the numbers mean. */
export const ORDERS = { boxes: BOX_ORDERS, points: POINT_ORDERS };

function backdrop({ picture, inputSize }: ViewContext, label: string): HTMLCanvasElement {
  const ratio = inputSize === undefined ? 1 : inputSize.height / inputSize.width;
  const size =
    picture === undefined
      ? { width: BLANK_SIDE, height: Math.max(1, Math.round(BLANK_SIDE * ratio)) }
      : shownSize(picture);
  const canvas = newCanvas(size, label);
  const context = draw(canvas);
  if (picture !== undefined && context !== null) drawBehind(context, picture);
  return canvas;
}

/** Wherever the numbers are; for sets without a picture. */
function extentOf(data: ArrayLike<number>, stride: number): { width: number; height: number } {
  let [width, height] = [1, 1];
  for (let at = 0; at + 1 < data.length; at += stride) {
    width = Math.max(width, data[at]!);
    height = Math.max(height, data[at + 1]!);
  }
  return { width, height };
}

function writeLabel(
  context: CanvasRenderingContext2D | null,
  text: string,
  x: number,
  y: number,
  colour: string,
): void {
  if (context === null) return;
  const size = Math.max(12, Math.round(context.canvas.width / 40));
  context.font = `600 ${size}px system-ui, sans-serif`;
  const width = context.measureText(text).width + size / 2;
  const top = Math.max(0, y - 1.3 * size);
  context.fillStyle = colour;
  context.fillRect(x, top, width, 1.3 * size);
  context.fillStyle = "#000";
  context.fillText(text, x + size / 4, top + size);
}

function newCanvas({ width, height }: { width: number; height: number }, label: string): HTMLCanvasElement {
  const canvas = element("canvas", { class: "output-canvas", role: "img", "aria-label": label });
  canvas.width = width;
  canvas.height = height;
  return canvas;
}

function draw(canvas: HTMLCanvasElement): CanvasRenderingContext2D | null {
  // Kept off the GPU: it is drawn once, and a lost GPU process would empty it.
  return canvas.getContext("2d", { willReadFrequently: true });
}

function swatch(index: number): HTMLElement {
  const mark = element("span", { class: "swatch", "aria-hidden": "true" });
  mark.style.setProperty("background-color", `rgb(${classColour(index).join(" ")})`);
  return mark;
}
