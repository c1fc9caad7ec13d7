import { ShardError, type Tensor } from "../../../index.js";
import { csvRows } from "./csv-rows.js";

/** A table's numbers or texts, one item per row. */
export interface CsvTable {
  readonly tensor: Tensor;
  /** The first row, if it holds names instead of values. */
  readonly header: readonly string[] | undefined;
}

/** As much of a cell is quoted in an error. */
const MAX_SHOWN = 40;

/**
 * Read a CSV or TSV file: one item per row, with or without a row of names above. Numbers become float32, [rows, columns]; if `wantsTexts`,
 * every cell is a string. It is read in slices, so that the page stays responsive.
 *
 * The first row holds names if none of its cells reads as a number: a number among them means values, one of which is wrong.
 * @throws ShardError "invalid-input" naming the row and column of what is no number, or the row that is too short or too long.
 */
export async function readCsv(file: Blob, name: string, wantsTexts: boolean): Promise<CsvTable> {
  const table = wantsTexts ? new TextTable(name) : new NumberTable(name);
  let header: readonly string[] | undefined;
  for await (const rows of csvRows(file, name)) {
    const isFirst = header === undefined && table.rowCount === 0;
    if (isFirst && !wantsTexts && rows[0]?.every((cell) => toNumber(cell) === undefined)) header = rows.shift();
    for (const row of rows) table.add(row, (header === undefined ? 1 : 2) + table.rowCount);
  }
  // A single row holds no names.
  if (table.rowCount === 0 && header !== undefined) table.add(header, 1);
  if (table.rowCount === 0) throw invalid(name, "a row for each item", "an empty file", "choose another one");
  return { tensor: table.tensor, header };
}

/** The values of a table so far. */
abstract class Table {
  rowCount = 0;
  protected readonly name: string;
  protected columnCount = 0;

  /** @param name of the file, for people. */
  constructor(name: string) {
    this.name = name;
  }

  abstract get tensor(): Tensor;

  /** @param number of the row in the file, from 1; lines of blanks don't count. */
  add(row: readonly string[], number: number): void {
    if (this.rowCount === 0) this.columnCount = row.length;
    if (row.length !== this.columnCount) {
      const received = `${row.length} in row ${number}`;
      throw invalid(this.name, `${this.columnCount} values in each row`, received, "correct the row");
    }
    this.addValues(row, number);
    this.rowCount++;
  }

  protected abstract addValues(row: readonly string[], number: number): void;

  protected get shape(): number[] {
    return [this.rowCount, this.columnCount];
  }
}

class TextTable extends Table {
  readonly #texts: string[] = [];

  get tensor(): Tensor {
    return { dtype: "string", shape: this.shape, data: this.#texts };
  }

  protected addValues(row: readonly string[]): void {
    for (const cell of row) this.#texts.push(cell);
  }
}

class NumberTable extends Table {
  #values = new Float32Array(1024);
  #count = 0;

  get tensor(): Tensor {
    return { dtype: "float32", shape: this.shape, data: this.#values.slice(0, this.#count) };
  }

  protected addValues(row: readonly string[], number: number): void {
    if (this.#count + row.length > this.#values.length) {
      const grown = new Float32Array(2 * (this.#count + row.length));
      grown.set(this.#values);
      this.#values = grown;
    }
    row.forEach((cell, column) => {
      const value = toNumber(cell);
      if (value === undefined) {
        const received = `“${cell.slice(0, MAX_SHOWN)}” in row ${number}, column ${column + 1}`;
        throw invalid(this.name, "numbers", received, "correct it, or leave the column out");
      }
      this.#values[this.#count++] = value;
    });
  }
}

/** As Python writes them, in lower case. */
const WORDS = new Map([
  ["true", 1],
  ["false", 0],
  ["nan", NaN],
  ["inf", Infinity],
  ["-inf", -Infinity],
]);

/** `undefined` for what is no number. */
function toNumber(cell: string): number | undefined {
  const value = Number(cell);
  // An empty text would be 0.
  if (!Number.isNaN(value)) return value !== 0 || cell.trim() !== "" ? value : undefined;
  return WORDS.get(cell.trim().toLowerCase());
}

function invalid(name: string, expected: string, received: string, advice: string): ShardError {
  return new ShardError("invalid-input", `Expected ${expected} in ${name}, received ${received}: ${advice}.`);
}
