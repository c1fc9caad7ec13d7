// Messages of Protocol Buffers, as far as model files need them: whole numbers, texts, bytes, and messages of these.
// Source: https://protobuf.dev/programming-guides/encoding/

const VARINT = 0;
const BYTES = 2;

/** A message is its fields one after the other. @param {...Buffer} fields @returns {Buffer} */
export function message(...fields) {
  return Buffer.concat(fields);
}

/** A field with a whole number of up to 64 bits; a negative one takes ten bytes. @param {number} number @param {number | bigint} value */
export function integer(number, value) {
  return Buffer.concat([key(number, VARINT), varint(value)]);
}

/** A field with whole numbers, packed: how both formats read a repeated number of their newer fields. @param {number} number @param {readonly number[]} values */
export function integers(number, values) {
  return bytes(number, Buffer.concat(values.map(varint)));
}

/** A field with bytes, a text or a message: all three are written alike. @param {number} number @param {Uint8Array | string} content */
export function bytes(number, content) {
  const buffer = Buffer.from(content);
  return Buffer.concat([key(number, BYTES), varint(buffer.length), buffer]);
}

/** A map is a repeated message with a key and a value. @param {number} number @param {string} name @param {Buffer} value */
export function entry(number, name, value) {
  return bytes(number, message(bytes(1, name), bytes(2, value)));
}

/** @param {number} number @param {number} wireType */
function key(number, wireType) {
  return varint(number * 8 + wireType);
}

/** @param {number | bigint} value */
function varint(value) {
  let rest = BigInt.asUintN(64, BigInt(value));
  const groups = [];
  do {
    const group = Number(rest & 0x7fn);
    rest >>= 7n;
    groups.push(rest > 0n ? group | 0x80 : group);
  } while (rest > 0n);
  return Buffer.from(groups);
}
