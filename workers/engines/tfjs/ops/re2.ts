/** A pattern for JavaScript, or why there is none. */
interface Translation {
  readonly source: string;
  /** "i", "m" and "s" as in JavaScript. */
  readonly flags: string;
  readonly refusal?: string;
}

/** Classes of ASCII characters, as the inside of a bracket. */
const PERL: Readonly<Record<string, string>> = { d: "0-9", s: "\\t\\n\\f\\r ", w: "0-9A-Za-z_" };
const POSIX: Readonly<Record<string, string>> = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  ascii: "\\x00-\\x7F",
  blank: "\\t ",
  cntrl: "\\x00-\\x1F\\x7F",
  digit: "0-9",
  graph: "!-~",
  lower: "a-z",
  print: " -~",
  punct: "!-\\/:-@\\[-`\\{-~",
  space: "\\t\\n\\v\\f\\r ",
  upper: "A-Z",
  word: "0-9A-Za-z_",
  xdigit: "0-9A-Fa-f",
};
const TOKENS =
  /\\Q[^]*?(?:\\E|$)|\\x\{[0-9A-Fa-f]+\}|\\x[0-9A-Fa-f]{2}|\\[pP]\{\^?\w+\}|\\[pP]\w|\\[0-7]{1,3}|\\[^]|\[:\^?\w+:\]|\(\?P?<[A-Za-z_]\w*>|\(\?[a-zA-Z-]*[:)]|[^]/gu;

/**
 * Translate a pattern of RE2 into one of JavaScript with the flag "u". What has no counterpart is refused.
 * Source: RE2's documented syntax. Both take the leftmost match and, of alternatives, the first.
 */
export function translateRe2(pattern: string): Translation {
  let flags = "";
  const start = /^\(\?([ims]+)\)/.exec(pattern);
  if (start !== null) flags = [...new Set(start[1])].join("");
  const body = start === null ? pattern : pattern.slice(start[0].length);
  let source = "";
  let isInClass = false;
  let isClassStart = false;
  const refuse = (refusal: string): Translation => ({ source: "", flags: "", refusal });
  for (const token of body.match(TOKENS) ?? []) {
    const wasClassStart = isClassStart;
    isClassStart = false;
    if (token.startsWith("\\Q")) {
      source += literals(token.slice(2).replace(/\\E$/, ""));
    } else if (token.startsWith("\\")) {
      const escaped = escapeOf(token, isInClass);
      if (escaped === undefined) return refuse(`"${token}" has no counterpart`);
      source += escaped;
    } else if (isInClass) {
      if (token === "]" && !wasClassStart) {
        isInClass = false;
        source += "]";
      } else if (token === "^" && wasClassStart && source.endsWith("[")) {
        source += "^";
        isClassStart = true;
      } else if (token.startsWith("[:")) {
        const name = token.slice(2, -2);
        const inside = Object.hasOwn(POSIX, name) ? POSIX[name] : undefined;
        if (inside === undefined) return refuse(`"${token}" has no counterpart`);
        source += inside;
      } else source += token === "-" ? "-" : literals(token);
    } else if (token === "[") {
      isInClass = true;
      isClassStart = true;
      source += "[";
    } else if (token.startsWith("[:")) return refuse(`"${token}" outside of brackets`);
    else if (/^\(\?P?</.test(token)) source += token.replace("(?P<", "(?<");
    else if (token === "(?:") source += token;
    else if (token.startsWith("(?")) return refuse(`flags within a pattern`);
    else if (token === ".") source += flags.includes("s") ? "[^]" : "[^\\n]";
    else if (token === "$" && !flags.includes("m")) source += "(?![^])";
    else if (token === "^" && !flags.includes("m")) source += "(?<![^])";
    else source += "()|*+?{}^$".includes(token) ? token : literal(token);
  }
  if (/\{,|\{(?!\d)/.test(source.replace(/\\u\{\w+\}|\\p\{[\w=]+\}|\\[^]/giu, "")))
    return refuse("a brace that is no count");
  return { source, flags: flags.replace("s", "") };
}

function literals(text: string): string {
  return Array.from(text, literal).join("");
}

/** A character that stands for itself. */
function literal(character: string): string {
  return /^[0-9A-Za-z_ ]$/.test(character) ? character : `\\u{${character.codePointAt(0)!.toString(16)}}`;
}

function escapeOf(token: string, isInClass: boolean): string | undefined {
  const letter = token[1] ?? "";
  const octal = /^\\([0-7]{1,3})$/.exec(token);
  if (octal !== null)
    return letter === "0" || octal[1]!.length === 3 ? `\\u{${Number.parseInt(octal[1]!, 8).toString(16)}}` : undefined;
  if (token.startsWith("\\x")) return `\\u{${token.replace(/^\\x\{?|\}$/g, "")}}`;
  if (/^\\p/i.test(token)) {
    const name = token.replace(/^\\[pP]\{?\^?|\}$/g, "");
    const isNegated = (letter === "P") !== token.includes("^");
    const key = name.length <= 2 ? name : `Script=${name}`;
    return `\\${isNegated ? "P" : "p"}{${key}}`;
  }
  const perl = PERL[letter.toLowerCase()];
  if (perl !== undefined) {
    if (letter === letter.toLowerCase()) return isInClass ? perl : `[${perl}]`;
    return isInClass ? undefined : `[^${perl}]`;
  }
  const control = { a: "07", f: "0c", t: "09", n: "0a", r: "0d", v: "0b" }[letter];
  if (control !== undefined) return `\\u{${control}}`;
  if (letter === "b" || letter === "B") return isInClass ? undefined : `\\${letter}`;
  if (letter === "A") return "(?<![^])";
  if (letter === "z") return "(?![^])";
  return /^[0-9A-Za-z]$/.test(letter) ? undefined : literal(token.slice(1));
}
