// oxlint-disable-next-line typescript/triple-slash-reference -- A package's declarations can't be imported by a path of ours.
/// <reference path="./papaparse.d.ts" />
import Papa, { type Parser } from "papaparse";
import { ShardError } from "../../../index.js";

/** As much of a file is read in one go: some ms of work. */
const SLICE_BYTES = 128 * 1024;
/** Rows by which delimiters are recognised. */
const PREVIEW_ROWS = 10;

/**
 * The rows of a CSV or TSV file, some at a time and each time in a task of its own, so that the page stays responsive. Delimiters, quotes and line
 * ends are recognised; lines of blanks alone are left out.
 * @param name of the file, for people.
 * @throws ShardError "invalid-input" if a quoted cell has no end, or something after it.
 */
export async function* csvRows(file: Blob, name: string): AsyncGenerator<string[][], void, undefined> {
  const decoder = new TextDecoder();
  let parser: Parser | undefined;
  let text = "";
  let sliceBytes = SLICE_BYTES;
  for (let offset = 0; offset < file.size;) {
    const end = Math.min(file.size, offset + sliceBytes);
    const isLast = end === file.size;
    text += decoder.decode(await file.slice(offset, end).arrayBuffer(), { stream: !isLast });
    parser ??= openParser(text);
    const { data, errors, meta } = parser.parse(text, 0, !isLast);
    // What is wrong with a row can't be known before its end.
    const error = errors.find(({ row = 0 }) => isLast || row < data.length);
    if (error !== undefined) {
      throw new ShardError("invalid-input", `Expected a table in ${name}, received ${error.message}: correct it.`);
    }
    // A row that is longer than a slice would otherwise be read again with each of the slices that it takes.
    sliceBytes = data.length === 0 ? 2 * sliceBytes : SLICE_BYTES;
    text = text.slice(meta.cursor);
    offset = end;
    yield data.filter((cells) => cells.some((cell) => cell.trim() !== ""));
  }
}

function openParser(text: string): Parser {
  // A row that is cut off has fewer delimiters than the others.
  const whole = text.slice(0, text.lastIndexOf("\n") + 1) || text;
  const { delimiter, linebreak } = Papa.parse(whole, { preview: PREVIEW_ROWS, skipEmptyLines: "greedy" }).meta;
  return new Papa.Parser({ delimiter, newline: linebreak });
}
