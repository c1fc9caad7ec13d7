const MASK = 0xffffffffffffffffn;

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & MASK;
}

/** Up to 8 bytes at an offset, the lowest first. */
export function fetch64(bytes: string, offset: number, count = 8): bigint {
  let value = 0n;
  for (let index = count - 1; index >= 0; index--) value = (value << 8n) | BigInt(bytes.charCodeAt(offset + index));
  return value;
}

/** SipHash-2-4. Source: Aumasson and Bernstein 2012. */
export function sipHash(bytes: string, key0: bigint, key1: bigint): bigint {
  let v0 = key0 ^ 0x736f6d6570736575n;
  let v1 = key1 ^ 0x646f72616e646f6dn;
  let v2 = key0 ^ 0x6c7967656e657261n;
  let v3 = key1 ^ 0x7465646279746573n;
  const rounds = (count: number): void => {
    for (let round = 0; round < count; round++) {
      v0 = (v0 + v1) & MASK;
      v2 = (v2 + v3) & MASK;
      v1 = rotate(v1, 13n) ^ v0;
      v3 = rotate(v3, 16n) ^ v2;
      v0 = rotate(v0, 32n);
      v2 = (v2 + v1) & MASK;
      v0 = (v0 + v3) & MASK;
      v1 = rotate(v1, 17n) ^ v2;
      v3 = rotate(v3, 21n) ^ v0;
      v2 = rotate(v2, 32n);
    }
  };
  const whole = bytes.length - (bytes.length % 8);
  const last = fetch64(bytes, whole, bytes.length % 8) | (BigInt(bytes.length & 0xff) << 56n);
  for (let offset = 0; offset <= whole; offset += 8) {
    const word = offset === whole ? last : fetch64(bytes, offset);
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  }
  v2 ^= 0xffn;
  rounds(4);
  return v0 ^ v1 ^ v2 ^ v3;
}

/** MurmurHash64A. Source: Appleby, public domain. */
export function murmur64(bytes: string, seed: bigint): bigint {
  const m = 0xc6a4a7935bd1e995n;
  const multiply = (value: bigint): bigint => (value * m) & MASK;
  let hash = seed ^ multiply(BigInt(bytes.length));
  const whole = bytes.length - (bytes.length % 8);
  for (let offset = 0; offset < whole; offset += 8) {
    const mixed = multiply(fetch64(bytes, offset));
    hash = multiply(hash ^ multiply(mixed ^ (mixed >> 47n)));
  }
  if (whole < bytes.length) hash = multiply(hash ^ fetch64(bytes, whole, bytes.length - whole));
  hash = multiply(hash ^ (hash >> 47n));
  return hash ^ (hash >> 47n);
}
