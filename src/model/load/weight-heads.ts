import { ShardError } from "../../core/errors.js";
import { withRedirect } from "./file-response.js";
import { isGzip, standInOf, type ForeignFormat } from "./foreign-formats.js";

/** Recognises weight files that hold something else, by their first bytes. */
export class WeightHeads {
  readonly #names: readonly string[];
  #gzipped: string | undefined;

  /** @param names the addresses or paths of the weight files, for messages. */
  constructor(names: readonly string[]) {
    this.#names = names;
  }

  /** @param redirectedTo the address that it comes from, if it is another one. @throws ShardError "weights-missing" if the file is a Git LFS pointer or an HTML page. */
  see(index: number, head: Uint8Array, redirectedTo?: string): void {
    const standIn = standInOf(head);
    const name = withRedirect(this.#names[index]!.slice(-200), redirectedTo);
    if (standIn !== undefined) throw this.#refuse(name, standIn);
    // Weights may begin like gzip by chance, so this counts only if their length is wrong.
    if (isGzip(head)) this.#gzipped ??= name;
  }

  /** The reason why the weights have the wrong length, if their first bytes show one; otherwise `thrown`. */
  explain(thrown: unknown): unknown {
    const isLength = thrown instanceof ShardError && /^(weights-truncated|model-malformed)$/.test(thrown.code);
    if (!isLength || this.#gzipped === undefined) return thrown;
    return this.#refuse(this.#gzipped, {
      what: "gzip-compressed bytes",
      advice: "unpack the file; if a server sends it, the server has to add the header Content-Encoding: gzip",
    });
  }

  #refuse(name: string, { what, advice }: ForeignFormat): ShardError {
    return new ShardError("weights-missing", `Expected weights at ${name}, received ${what}: ${advice}.`);
  }
}
