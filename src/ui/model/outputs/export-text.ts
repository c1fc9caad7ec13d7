import type { OutputStore } from "./output-store.js";
import { BlobWriter } from "./blob-writer.js";
import { isNumeric, sizeOf, type ItemOutput } from "./item-output.js";
import { Slices } from "./slices.js";

/** Wider tables are opened by no spreadsheet; then there is one value per row. */
const MAX_COLUMNS = 16_000;
/** Values that are written at a time. */
const STEP = 4096;

/** What the files say about the run. */
export interface ExportContext {
  readonly store: OutputStore;
  readonly modelName: string;
  readonly labels: readonly string[] | undefined;
  /** Told how far the file is, 0…1. */
  readonly onProgress: (fraction: number) => void;
}

/**
 * All items as JSON: `{ "model", "items": [{ "index", "name", "outputs": { NAME: { "dtype", "shape", "data" } } } | { …, "error" }] }`.
 * Data are row-major; JSON has no NaN and no infinity, so that these are the texts "NaN", "Infinity" and "-Infinity".
 */
export async function toJson({ store, modelName, onProgress }: ExportContext): Promise<Blob> {
  const file = new BlobWriter();
  const slices = new Slices();
  file.write(`{"model":${JSON.stringify(modelName)},"items":[`);
  for await (const { index, outputs } of store.items()) {
    const report = (): void => onProgress(index / store.itemCount);
    const error = store.failureOf(index);
    file.write(`${index === 0 ? "" : ","}\n{"index":${index},"name":${JSON.stringify(store.nameOf(index))},`);
    if (error !== undefined) file.write(`"error":${JSON.stringify(error)}}`);
    else {
      for (const [place, { name, dtype, shape, data }] of outputs.entries()) {
        const begin = place === 0 ? '"outputs":{' : ",";
        file.write(`${begin}${JSON.stringify(name)}:{"dtype":"${dtype}","shape":${JSON.stringify(shape)},"data":[`);
        for (let from = 0; from < data.length; from += STEP) {
          file.write(`${from === 0 ? "" : ","}${jsonValues(data.slice(from, from + STEP), dtype)}`);
          await slices.rest(report);
        }
        file.write("]}");
      }
      file.write("}}");
    }
    await slices.rest(report);
  }
  file.write("\n]}\n");
  return file.blob("application/json");
}

function jsonValues(values: ArrayLike<number | string>, dtype: ItemOutput["dtype"]): string {
  return Array.from(values, (value) =>
    typeof value === "string" || !Number.isFinite(value) ? JSON.stringify(String(value)) : shortest(value, dtype),
  ).join(",");
}

/** The shortest decimal number that is this float32 again. */
function shortest(value: number, dtype: ItemOutput["dtype"]): string {
  if (dtype !== "float32" || Number.isInteger(value)) return String(value);
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}

/**
 * One output of all items as a table: its last axis from left to right, and a row for each place along the others, which are named in
 * columns before it. An item that failed has a row with the reason.
 */
export async function toCsv(name: string, { store, labels, onProgress }: ExportContext): Promise<Blob> {
  const file = new BlobWriter();
  const slices = new Slices();
  const shape = store.outputs.find((output) => output.name === name)?.shape;
  // Items of any shape: one value per row.
  const width = shape === undefined || shape.length === 0 || shape.at(-1) === -1 ? 1 : shape.at(-1)!;
  const isWide = width > 1 && width <= MAX_COLUMNS;
  const axes =
    shape === undefined ? ["place"] : (isWide ? shape.slice(0, -1) : shape).map((_, axis) => `axis ${axis + 1}`);
  const columns = isWide
    ? Array.from({ length: width }, (_, i) => (labels?.length === width ? labels[i]! : `${name}[${i}]`))
    : [name];
  file.write(csvRow(["item", "name", ...axes, ...columns.map(plainText), "error"]));
  for await (const { index, outputs } of store.items()) {
    const output = outputs.find((each) => each.name === name);
    const item = [String(index + 1), plainText(store.nameOf(index))];
    if (output === undefined) {
      file.write(
        csvRow([...item, ...axes.map(() => ""), ...columns.map(() => ""), plainText(store.failureOf(index) ?? "")]),
      );
    } else {
      const step = isWide ? width : 1;
      const outer = shape === undefined ? undefined : isWide ? output.shape.slice(0, -1) : output.shape;
      for (let at = 0, row = 0; at < output.data.length; at += step, row++) {
        const place = outer === undefined ? [String(row)] : placeOf(row, outer);
        const values = Array.from({ length: step }, (_, i) => cellOf(output, at + i));
        file.write(csvRow([...item, ...place, ...values, ""]));
        if (step > 64 || row % 64 === 63) await slices.rest(() => onProgress(index / store.itemCount));
      }
    }
    await slices.rest(() => onProgress(index / store.itemCount));
  }
  return file.blob("text/csv;charset=utf-8");
}

function cellOf(output: ItemOutput, at: number): string {
  if (!isNumeric(output)) return plainText(String(output.data[at] ?? ""));
  const value = output.data[at]!;
  return Number.isFinite(value)
    ? shortest(value, output.dtype)
    : String(value).replace("Infinity", "inf").replace("NaN", "nan");
}

function placeOf(row: number, shape: readonly number[]): string[] {
  let rest = row;
  return shape.map((_, axis) => {
    const below = sizeOf(shape.slice(axis + 1));
    const index = Math.floor(rest / below);
    rest -= index * below;
    return String(index);
  });
}

/**
 * A text that spreadsheets don't take for a formula: names of files and labels come from anywhere.
 * Source: OWASP, CSV injection.
 */
function plainText(text: string): string {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}

function csvRow(cells: readonly string[]): string {
  return `${cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(",")}\r\n`;
}
