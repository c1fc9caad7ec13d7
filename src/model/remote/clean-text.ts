/** What a server says is quoted up to this length, characters. */
const MAX_QUOTE = 200;
/** Characters that are looked at for that, so that a text of any length costs little. */
const MOST_READ = 4_096;

/** What hides values of headers in what a server says: it, or a gateway before it, may repeat what it was sent. */
export class TextCleaner {
  /** Values, their words, and both as they are written in JSON; the longest first, since some are parts of others. */
  readonly #secrets: readonly string[];
  /** So many characters are read before anything is cut, so that no part of a value is left over at the cut. */
  readonly readCount: number;

  constructor(headers: Readonly<Record<string, string>>) {
    const said = Object.values(headers).flatMap((value) => [value.trim(), ...value.split(/\s+/)]);
    const written = said.map((value) => JSON.stringify(value).slice(1, -1));
    this.#secrets = [...new Set([...said, ...written])]
      .filter(({ length }) => length > 3)
      .sort((a, b) => b.length - a.length);
    this.readCount = MOST_READ + (this.#secrets[0]?.length ?? 0);
  }

  /** One line of at most 200 characters, without the values. */
  clean(text: string): string {
    const read = text.slice(0, this.readCount);
    const redacted = this.#secrets.reduce((left, secret) => left.replaceAll(secret, "…"), read);
    const whole = read.length < text.length ? redacted.slice(0, -this.#partLength(redacted) || undefined) : redacted;
    const line = whole.replaceAll(/\s+/g, " ").trim();
    return line.length > MAX_QUOTE ? `${line.slice(0, MAX_QUOTE - 1)}…` : line;
  }

  /** Where a text was cut, its end may be the first part of a value. @returns how long that is. */
  #partLength(text: string): number {
    let most = 0;
    for (const secret of this.#secrets) {
      let length = Math.min(secret.length - 1, text.length);
      while (length > most && !text.endsWith(secret.slice(0, length))) length--;
      most = Math.max(most, length);
    }
    return most;
  }
}
