// What is used of papaparse. Its published declarations refer to those of Node, which would give the page Node's names.
declare module "papaparse" {
  export interface ParseError {
    readonly message: string;
    /** From 0. */
    readonly row?: number;
  }

  export interface Parsed {
    readonly data: string[][];
    readonly errors: readonly ParseError[];
    readonly meta: {
      readonly delimiter: string;
      readonly linebreak: string;
      /** Characters up to the end of the last row in `data`. */
      readonly cursor: number;
    };
  }

  export interface Parser {
    /** @param ignoreLastRow whether the text may end within its last row, which is then left out. */
    parse(text: string, baseIndex: number, ignoreLastRow: boolean): Parsed;
  }

  const Papa: {
    /** @param options.preview as many rows are read at most. @param options.skipEmptyLines "greedy": also lines of blanks alone. */
    parse(text: string, options: { readonly preview?: number; readonly skipEmptyLines: boolean | "greedy" }): Parsed;
    /** For files whose delimiter and line ends are known. */
    readonly Parser: new (options: { readonly delimiter: string; readonly newline: string }) => Parser;
  };
  export default Papa;
}
