/** The bytes that one step takes. */
const STEP = 8;

/** Table k is for a byte that k more bytes of the step follow. */
const TABLES: readonly Uint32Array[] = makeTables();

function makeTables(): Uint32Array[] {
  const first = Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xed_b8_83_20 : value >>> 1;
    return value;
  });
  const tables = [first];
  while (tables.length < STEP) {
    tables.push(tables.at(-1)!.map((value) => (value >>> 8) ^ first[value & 0xff]!));
  }
  return tables;
}

/**
 * Continue a CRC-32 (the one of zip) with more bytes.
 * @param before of the bytes before these; 0 at the beginning. @returns 32 bits, unsigned.
 * Source: slicing-by-8 (Kounavis and Berry 2005): eight bytes a step, some five times as fast as byte by byte.
 */
export function crc32(bytes: Uint8Array, before = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ];
  let crc = ~before;
  let index = 0;
  for (const end = bytes.length - STEP; index <= end; index += STEP) {
    crc ^= bytes[index]! | (bytes[index + 1]! << 8) | (bytes[index + 2]! << 16) | (bytes[index + 3]! << 24);
    crc =
      t7[crc & 0xff]! ^
      t6[(crc >>> 8) & 0xff]! ^
      t5[(crc >>> 16) & 0xff]! ^
      t4[crc >>> 24]! ^
      t3[bytes[index + 4]!]! ^
      t2[bytes[index + 5]!]! ^
      t1[bytes[index + 6]!]! ^
      t0[bytes[index + 7]!]!;
  }
  for (; index < bytes.length; index++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[index]!) & 0xff]!;
  return ~crc >>> 0;
}
