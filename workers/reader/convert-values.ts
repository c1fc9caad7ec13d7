import type { ReadWeight } from "../../src/protocol/reader-api.js";

/** How the values of a dataset are stored, little-endian in any case: libhdf5 turns the others round. */
export interface StoredType {
  readonly kind: "float" | "integer" | "bool";
  /** Of one value, in bytes. */
  readonly size: number;
  readonly isSigned: boolean;
}

/** Bytes of one value as it goes into the weight data. */
export function targetBytes({ kind, size }: StoredType): number {
  return kind === "bool" ? 1 : kind === "float" && size === 2 ? 2 : 4;
}

/** What a weight of this type is in a manifest: half floats stay half, all other floats become float32, all integers int32. */
export function specOf(name: string, shape: readonly number[], { kind, size }: StoredType): ReadWeight {
  if (kind === "bool") return { name, shape, dtype: "bool" };
  if (kind === "integer") return { name, shape, dtype: "int32" };
  return { name, shape, dtype: "float32", ...(size === 2 ? { quantization: { dtype: "float16" } } : {}) };
}

/**
 * Convert values to the form that they have in the weight data.
 * @param raw a whole number of values; aligned to eight bytes.
 * @returns false if an integer does not fit into 32 bits.
 */
export function convertValues(raw: Uint8Array<ArrayBuffer>, type: StoredType, target: Uint8Array): boolean {
  const { kind, size, isSigned } = type;
  if (kind === "bool") {
    for (let index = 0; index < raw.length; index++) target[index] = raw[index] === 0 ? 0 : 1;
    return true;
  }
  if ((kind === "float" && size <= 4) || (kind === "integer" && size === 4 && isSigned)) {
    target.set(raw);
    return true;
  }
  const { buffer, byteOffset } = raw;
  const count = raw.length / size;
  if (kind === "float") {
    target.set(new Uint8Array(new Float32Array(new Float64Array(buffer, byteOffset, count)).buffer));
    return true;
  }
  const values = integersOf(buffer, byteOffset, count, type);
  const converted = new Int32Array(count);
  let isInRange = true;
  for (let index = 0; index < count; index++) {
    const value = Number(values[index]);
    converted[index] = value;
    if (converted[index] !== value) isInRange = false;
  }
  target.set(new Uint8Array(converted.buffer));
  return isInRange;
}

function integersOf(
  buffer: ArrayBuffer,
  byteOffset: number,
  count: number,
  { size, isSigned }: StoredType,
): ArrayLike<number | bigint> {
  switch (size) {
    case 1:
      return isSigned ? new Int8Array(buffer, byteOffset, count) : new Uint8Array(buffer, byteOffset, count);
    case 2:
      return isSigned ? new Int16Array(buffer, byteOffset, count) : new Uint16Array(buffer, byteOffset, count);
    case 4:
      return new Uint32Array(buffer, byteOffset, count);
    default:
      return isSigned ? new BigInt64Array(buffer, byteOffset, count) : new BigUint64Array(buffer, byteOffset, count);
  }
}
