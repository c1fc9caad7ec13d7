import type { PlainNode, PlainOp } from "./plain-node.js";
import { byteStrings, numbersOf, type PlainTensor } from "./plain-tensor.js";

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const SPECIAL: Readonly<Record<string, number>> = { inf: Infinity, infinity: Infinity, nan: NaN };

/** Text to numbers; text that is none is an error. */
function stringToNumber(node: PlainNode): PlainTensor {
  const { shape, data } = node.strings(0);
  const isInteger = /INT/.test(node.type("out_type", "DT_FLOAT"));
  const values = data.map((text) => {
    const trimmed = text.trim();
    const special = SPECIAL[trimmed.replace(/^[+-]/, "").toLowerCase()];
    if (!isInteger && special !== undefined) return trimmed.startsWith("-") ? -special : special;
    const value = Number(trimmed.replace(/^\+/, ""));
    const isRead = isInteger ? /^[+-]?\d+$/.test(trimmed) && value === (value | 0) : NUMBER.test(trimmed);
    return isRead
      ? value
      : node.fail(`strings that are ${isInteger ? "32-bit integers" : "numbers"}, received "${text.slice(0, 40)}"`);
  });
  return numbersOf(isInteger ? "int32" : "float32", shape, values);
}

/** Numbers as C's printf writes them. */
function asString(node: PlainNode): PlainTensor {
  const source = node.input(0);
  if (source.dtype === "complex64") return node.refuse("complex numbers");
  if (source.dtype === "string") return source;
  const width = node.number("width", -1);
  const fill = node.text("fill", "");
  const texts = Array.from(source.data, (value) => {
    if (source.dtype === "bool") return value === 0 ? "false" : "true";
    return padded(source.dtype === "int32" ? String(value) : floatText(node, value), width, fill);
  });
  return byteStrings(source.shape, texts);
}

function padded(text: string, width: number, fill: string): string {
  if (fill === "-") return text.padEnd(Math.max(0, width));
  const signed = /^([+-]?)(.*)$/.exec(
    fill === "+" && !text.startsWith("-") ? `+${text}` : fill === " " && !text.startsWith("-") ? ` ${text}` : text,
  );
  if (fill === "0" && signed !== null && /\d/.test(text))
    return signed[1]! + signed[2]!.padStart(Math.max(0, width) - signed[1]!.length, "0");
  return (signed?.[0] ?? text).padStart(Math.max(0, width));
}

function floatText(node: PlainNode, value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value < 0 ? "-inf" : "inf";
  const given = node.number("precision", -1);
  const precision = given < 0 ? 6 : given;
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const size = Math.abs(value);
  if (node.flag("scientific")) return sign + exponential(size, precision);
  return sign + (node.flag("shortest") ? shortest(size, precision) : fixed(size, precision));
}

/** `value` × 10^`power` as a whole number; halves go to the even one, as C rounds. Exact: a double is a whole number of powers of 2. */
function scaled(value: number, power: number): bigint {
  let [mantissa, exponent] = [value, 0];
  while (!Number.isInteger(mantissa)) {
    mantissa *= 2;
    exponent--;
  }
  const ten = 10n ** BigInt(Math.abs(power));
  const over = BigInt(mantissa) * (power > 0 ? ten : 1n);
  const under = 2n ** BigInt(-exponent) * (power < 0 ? ten : 1n);
  const [whole, twice] = [over / under, 2n * (over % under)];
  return twice > under || (twice === under && whole % 2n === 1n) ? whole + 1n : whole;
}

function fixed(size: number, precision: number): string {
  const digits = String(scaled(size, precision)).padStart(precision + 1, "0");
  return precision === 0 ? digits : `${digits.slice(0, -precision)}.${digits.slice(-precision)}`;
}

/** At least two digits of exponent. */
function exponential(size: number, precision: number): string {
  let exponent = size === 0 ? 0 : Number(size.toExponential(20).split("e")[1]);
  let digits = String(scaled(size, precision - exponent));
  if (digits.length > precision + 1) digits = String(scaled(size, precision - ++exponent));
  const padded = digits.padEnd(precision + 1, "0");
  const mantissa = precision === 0 ? padded : `${padded[0]}.${padded.slice(1)}`;
  return `${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

/** printf's %g, of a number that is not negative. */
export function shortest(size: number, precision: number): string {
  const digits = Math.max(1, precision);
  const exponent = Number(exponential(size, digits - 1).split("e")[1]);
  const isFixed = exponent >= -4 && exponent < digits;
  const text = isFixed ? fixed(size, digits - 1 - exponent) : exponential(size, digits - 1);
  const [mantissa = "", power] = text.split("e");
  const trimmed = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
  return power === undefined ? trimmed : `${trimmed}e${power}`;
}

export const NUMBER_TEXT_OPS: Readonly<Record<string, PlainOp>> = {
  StringToNumber: stringToNumber,
  AsString: asString,
};
