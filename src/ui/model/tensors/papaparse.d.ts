// What is used of papaparse. Its published declarations refer to those of Node, which would give the page Node's names.
declare module "papaparse" {
  export interface ParseError {
    readonly code: string;
    readonly message: string;
    /** From 0. */
    readonly row?: number;
  }

  export interface Parsed<T> {
    readonly data: T[];
    readonly errors: readonly ParseError[];
  }

  const Papa: {
    /** @param options.skipEmptyLines "greedy": also lines of blanks alone. */
    parse<T>(text: string, options: { readonly skipEmptyLines: boolean | "greedy" }): Parsed<T>;
  };
  export default Papa;
}
