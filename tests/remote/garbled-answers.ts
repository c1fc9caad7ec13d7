// Alters the bodies of HTTP/1.1 answers on their way, in their length: the browser reads an answer as any other, and finds other bytes in it.

/** Other bytes; or, in answers with tensors, other numbers of the same form. */
export type Garbling = "bytes" | "numbers";

/** Where in an answer the next byte is. */
type Part = "head" | "body" | "chunk-head" | "chunk" | "chunk-end" | "trailer" | "rest";

interface Head {
  readonly isJson: boolean;
  /** Of the JSON in front of the tensors' bytes; `undefined` for an answer without them. */
  readonly jsonBytes: number | undefined;
}

/** The answers of one connection. */
export class AnswerAlterer {
  #part: Part = "head";
  #line = "";
  #left = 0;
  #bodyBytes = 0;
  #head: Head = { isJson: false, jsonBytes: undefined };
  #isFraction = false;
  #garbling: Garbling | undefined;

  /**
   * @param garbling of answers that begin now: one that is altered in part could be taken for right. `undefined` for none.
   * @returns the same bytes, those of bodies altered.
   */
  pass(piece: Buffer, garbling: Garbling | undefined): Buffer {
    const altered = Buffer.from(piece);
    for (let at = 0; at < altered.length;) {
      if (this.#part === "body" || this.#part === "chunk" || this.#part === "rest") {
        const body = altered.subarray(at, at + this.#left);
        at += body.length;
        this.#left -= body.length;
        this.#alter(body);
        if (this.#left === 0) this.#part = this.#part === "chunk" ? "chunk-end" : "head";
      } else {
        this.#line += String.fromCharCode(altered[at++]!);
        if (this.#line.endsWith(this.#part === "head" ? "\r\n\r\n" : "\r\n")) this.#endLine(garbling);
      }
    }
    return altered;
  }

  #endLine(garbling: Garbling | undefined): void {
    const line = this.#line;
    this.#line = "";
    if (this.#part === "head") {
      this.#garbling = garbling;
      this.#readHead(line.toLowerCase());
    } else if (this.#part === "chunk-head") {
      this.#left = Number.parseInt(line, 16);
      this.#part = this.#left === 0 ? "trailer" : "chunk";
    } else if (this.#part === "chunk-end") this.#part = "chunk-head";
    else if (line === "\r\n") this.#part = "head";
  }

  #readHead(head: string): void {
    const field = (name: string): string | undefined => new RegExp(`\r\n${name}: *([^\r]*)`).exec(head)?.[1];
    const jsonBytes = field("inference-header-content-length");
    const isPlain = field("content-encoding") === undefined;
    this.#head = {
      isJson: isPlain && field("content-type")?.includes("json") === true,
      jsonBytes: jsonBytes === undefined ? undefined : Number(jsonBytes),
    };
    this.#bodyBytes = 0;
    this.#isFraction = false;
    const length = field("content-length");
    if (/^http\/1\.1 (1\d\d|204|304)/.test(head) || length === "0") return;
    const isChunked = field("transfer-encoding")?.includes("chunked") === true;
    this.#part = isChunked ? "chunk-head" : length === undefined ? "rest" : "body";
    this.#left = Number(length ?? Infinity);
  }

  #alter(body: Buffer): void {
    const garbling = this.#garbling;
    const { isJson, jsonBytes } = this.#head;
    for (let at = 0; at < body.length && garbling !== undefined; at++) {
      const byte = body[at]!;
      if (garbling === "bytes") body[at] = byte ^ 0x5a;
      else if (jsonBytes !== undefined) {
        // The sign of a float of 32 bits is in its last byte.
        const place = this.#bodyBytes + at - jsonBytes;
        if (place >= 0 && place % 4 === 3) body[at] = byte ^ 0x80;
      } else if (isJson) {
        // The digits behind a point may be any.
        const isDigit = byte >= 0x30 && byte <= 0x39;
        if (isDigit && this.#isFraction) body[at] = 0x69 - byte;
        this.#isFraction = byte === 0x2e || (isDigit && this.#isFraction);
      }
    }
    this.#bodyBytes += body.length;
  }
}
