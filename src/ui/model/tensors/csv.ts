// oxlint-disable-next-line typescript/triple-slash-reference -- A package's declarations can't be imported by a path of ours.
/// <reference path="./papaparse.d.ts" />
import Papa from "papaparse";
import { ShardError, type Tensor } from "../../../index.js";

/** A table's numbers or texts, one item per row. */
export interface CsvTable {
  readonly tensor: Tensor;
  /** The first row, if it holds names instead of values. */
  readonly header: readonly string[] | undefined;
}

/** One more column can hold names of items; no more. */
const MAX_SHOWN = 40;

/**
 * Read a CSV or TSV file: one item per row, with or without a row of names above. Numbers become float32, [rows, columns]; if `wantsTexts`,
 * every cell is a string. Delimiters, quotes and line ends are recognised.
 * @throws ShardError "invalid-input" naming the row and column of what is no number, or the row that is too short or too long.
 */
export function readCsv(text: string, name: string, wantsTexts: boolean): CsvTable {
  const { data, errors } = Papa.parse<string[]>(text.replace(/^\uFEFF/, ""), { skipEmptyLines: "greedy" });
  // A file of one column has no delimiter to be recognised.
  const error = errors.find(({ code }) => code !== "UndetectableDelimiter");
  if (error !== undefined) throw invalid(name, "a table", error.message, "correct it");
  const [first] = data;
  if (first === undefined) throw invalid(name, "a row for each item", "an empty file", "choose another one");
  const hasHeader =
    !wantsTexts && data.length > 1 && first.some((cell) => cell.trim() !== "" && toNumber(cell) === undefined);
  const rows = hasHeader ? data.slice(1) : data;
  const columnCount = rows[0]!.length;
  const begin = hasHeader ? 2 : 1;
  rows.forEach((row, index) => {
    if (row.length === columnCount) return;
    throw invalid(
      name,
      `${columnCount} values in each row`,
      `${row.length} in row ${index + begin}`,
      "correct the row",
    );
  });
  const shape = [rows.length, columnCount];
  const header = hasHeader ? first : undefined;
  if (wantsTexts) return { tensor: { dtype: "string", shape, data: rows.flat() }, header };
  const values = new Float32Array(rows.length * columnCount);
  rows.forEach((row, index) =>
    row.forEach((cell, column) => {
      const value = toNumber(cell);
      if (value === undefined) {
        const where = `row ${index + begin}, column ${column + 1}`;
        throw invalid(
          name,
          "numbers",
          `“${cell.slice(0, MAX_SHOWN)}” in ${where}`,
          "correct it, or leave the column out",
        );
      }
      values[index * columnCount + column] = value;
    }),
  );
  return { tensor: { dtype: "float32", shape, data: values }, header };
}

/** `undefined` for what is no number. Python writes True, False, nan and inf. */
function toNumber(cell: string): number | undefined {
  const text = cell.trim().toLowerCase();
  const words: Readonly<Record<string, number>> = { true: 1, false: 0, nan: NaN, inf: Infinity, "-inf": -Infinity };
  if (Object.hasOwn(words, text)) return words[text];
  const value = Number(text);
  return text === "" || Number.isNaN(value) ? undefined : value;
}

function invalid(name: string, expected: string, received: string, advice: string): ShardError {
  return new ShardError("invalid-input", `Expected ${expected} in ${name}, received ${received}: ${advice}.`);
}
