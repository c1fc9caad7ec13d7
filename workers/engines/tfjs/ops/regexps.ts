import type { PlainNode, PlainOp } from "./plain-node.js";
import { bools, byteStrings, type PlainTensor } from "./plain-tensor.js";
import { translateRe2 } from "./re2.js";
import { decodeUtf8, encodeUtf8 } from "./utf8.js";

/** A pattern of RE2 as one of JavaScript. */
function compile(node: PlainNode, pattern: string, flags: string, isWhole = false): RegExp {
  const { source, flags: own, refusal } = translateRe2(decodeUtf8(pattern));
  if (refusal !== undefined) return node.refuse(`the pattern "${decodeUtf8(pattern).slice(0, 60)}": ${refusal}`);
  try {
    return new RegExp(isWhole ? `^(?:${source})$` : source, `u${own}${flags}`);
  } catch {
    return node.refuse(`the pattern "${decodeUtf8(pattern).slice(0, 60)}", which can't be written for JavaScript`);
  }
}

/** `\1` in a rewrite stands for the first group, `\0` for the whole match, `\\` for a backslash. */
function rewriter(node: PlainNode, rewrite: string): (groups: readonly (string | undefined)[]) => string {
  const parts = rewrite.match(/\\[^]|[^\\]+|\\$/gu) ?? [];
  return (groups) =>
    parts
      .map((part) => {
        if (!part.startsWith("\\")) return part;
        if (part === "\\\\") return "\\";
        return /^\\\d$/.test(part)
          ? (groups[Number(part[1])] ?? "")
          : node.refuse(`the rewrite "${rewrite.slice(0, 60)}"`);
      })
      .join("");
}

function regexReplace(node: PlainNode): PlainTensor {
  const isStatic = node.op.startsWith("Static");
  const pattern = isStatic ? node.text("pattern") : (node.strings(1).data[0] ?? "");
  const rewrite = decodeUtf8(isStatic ? node.text("rewrite") : (node.strings(2).data[0] ?? ""));
  const regExp = compile(node, pattern, node.flag("replace_global", true) ? "g" : "");
  const write = rewriter(node, rewrite);
  const { shape, data } = node.strings(0);
  const replace = (text: string): string =>
    encodeUtf8(
      decodeUtf8(text).replace(regExp, (...found: unknown[]) => {
        // Groups come before the position, which is the first number.
        const groupCount = found.findIndex((each) => typeof each === "number");
        return write(found.slice(0, groupCount).map((each) => (typeof each === "string" ? each : undefined)));
      }),
    );
  return byteStrings(shape, data.map(replace));
}

function regexFullMatch(node: PlainNode): PlainTensor {
  const isStatic = node.op.startsWith("Static");
  const pattern = isStatic ? node.text("pattern") : (node.strings(1).data[0] ?? "");
  const regExp = compile(node, pattern, "", true);
  const { shape, data } = node.strings(0);
  return bools(
    shape,
    data.map((text) => regExp.test(decodeUtf8(text))),
  );
}

export const REGEXP_OPS: Readonly<Record<string, PlainOp>> = {
  RegexReplace: regexReplace,
  StaticRegexReplace: regexReplace,
  RegexFullMatch: regexFullMatch,
  StaticRegexFullMatch: regexFullMatch,
};
