import { fetch64 } from "./keyed-hashes.js";

const MASK = 0xffffffffffffffffn;
const K0 = 0xc3a5c85c97cb3127n;
const K1 = 0xb492b66fbe98f273n;
const K2 = 0x9ae16a3b2f90404fn;

const u64 = (value: bigint): bigint => value & MASK;
const rotate = (value: bigint, bits: bigint): bigint => u64((value >> bits) | (value << (64n - bits)));
const fold = (value: bigint): bigint => value ^ (value >> 47n);

/** Two words become one. */
function mix(a: bigint, b: bigint, multiplier: bigint): bigint {
  const first = fold(u64((a ^ b) * multiplier));
  return u64(fold(u64((b ^ first) * multiplier)) * multiplier);
}

/**
 * Fingerprint64 of FarmHash, which never changes between versions or machines.
 * Source: the algorithm that FarmHash's authors published as farmhashna::Hash64 (MIT licence), written anew for big integers.
 */
export function farmFingerprint64(bytes: string): bigint {
  const { length } = bytes;
  if (length <= 16) return upTo16(bytes);
  if (length <= 32) return upTo32(bytes);
  return length <= 64 ? upTo64(bytes) : over64(bytes);
}

function upTo16(bytes: string): bigint {
  const { length } = bytes;
  const size = BigInt(length);
  const multiplier = K2 + size * 2n;
  if (length >= 8) {
    const a = u64(fetch64(bytes, 0) + K2);
    const b = fetch64(bytes, length - 8);
    return mix(u64(rotate(b, 37n) * multiplier + a), u64((rotate(a, 25n) + b) * multiplier), u64(multiplier));
  }
  if (length >= 4) return mix(size + (fetch64(bytes, 0, 4) << 3n), fetch64(bytes, length - 4, 4), u64(multiplier));
  if (length === 0) return K2;
  const byte = (index: number): bigint => BigInt(bytes.charCodeAt(index));
  const y = byte(0) + (byte(length >> 1) << 8n);
  const z = size + (byte(length - 1) << 2n);
  return u64(fold(u64(y * K2) ^ u64(z * K0)) * K2);
}

function upTo32(bytes: string): bigint {
  const { length } = bytes;
  const multiplier = K2 + BigInt(length) * 2n;
  const a = u64(fetch64(bytes, 0) * K1);
  const b = fetch64(bytes, 8);
  const c = u64(fetch64(bytes, length - 8) * multiplier);
  const d = u64(fetch64(bytes, length - 16) * K2);
  const first = u64(rotate(u64(a + b), 43n) + rotate(c, 30n) + d);
  return mix(first, u64(a + rotate(u64(b + K2), 18n) + c), u64(multiplier));
}

function upTo64(bytes: string): bigint {
  const { length } = bytes;
  const multiplier = u64(K2 + BigInt(length) * 2n);
  const a = u64(fetch64(bytes, 0) * K2);
  const b = fetch64(bytes, 8);
  const c = u64(fetch64(bytes, length - 8) * multiplier);
  const d = u64(fetch64(bytes, length - 16) * K2);
  const y = u64(rotate(u64(a + b), 43n) + rotate(c, 30n) + d);
  const z = mix(y, u64(a + rotate(u64(b + K2), 18n) + c), multiplier);
  const e = u64(fetch64(bytes, 16) * multiplier);
  const f = fetch64(bytes, 24);
  const g = u64((y + fetch64(bytes, length - 32)) * multiplier);
  const h = u64((z + fetch64(bytes, length - 24)) * multiplier);
  return mix(u64(rotate(u64(e + f), 43n) + rotate(g, 30n) + h), u64(e + rotate(u64(f + a), 18n) + g), multiplier);
}

type Pair = readonly [bigint, bigint];

/** A weak hash of 32 bytes and two seeds. */
function weakHash32(bytes: string, offset: number, seedA: bigint, seedB: bigint): Pair {
  const [w, x, y, z] = [0, 8, 16, 24].map((each) => fetch64(bytes, offset + each)) as [bigint, bigint, bigint, bigint];
  const a = u64(seedA + w);
  const b = rotate(u64(seedB + a + z), 21n);
  const c = u64(a + x + y);
  return [u64(c + z), u64(b + rotate(c, 44n) + a)];
}

function over64(bytes: string): bigint {
  const seed = 81n;
  let x = seed;
  let y = u64(seed * K1 + 113n);
  let z = u64(fold(u64(y * K2 + 113n)) * K2);
  let v: Pair = [0n, 0n];
  let w: Pair = [0n, 0n];
  x = u64(x * K2 + fetch64(bytes, 0));
  const end = Math.floor((bytes.length - 1) / 64) * 64;
  const last = bytes.length - 64;
  for (let offset = 0; offset !== end; offset += 64) {
    x = u64(rotate(u64(x + y + v[0] + fetch64(bytes, offset + 8)), 37n) * K1);
    y = u64(rotate(u64(y + v[1] + fetch64(bytes, offset + 48)), 42n) * K1);
    x ^= w[1];
    y = u64(y + v[0] + fetch64(bytes, offset + 40));
    z = u64(rotate(u64(z + w[0]), 33n) * K1);
    v = weakHash32(bytes, offset, u64(v[1] * K1), u64(x + w[0]));
    w = weakHash32(bytes, offset + 32, u64(z + w[1]), u64(y + fetch64(bytes, offset + 16)));
    [z, x] = [x, z];
  }
  const multiplier = u64(K1 + ((z & 0xffn) << 1n));
  w = [u64(w[0] + BigInt((bytes.length - 1) & 63)), w[1]];
  v = [u64(v[0] + w[0]), v[1]];
  w = [u64(w[0] + v[0]), w[1]];
  x = u64(rotate(u64(x + y + v[0] + fetch64(bytes, last + 8)), 37n) * multiplier);
  y = u64(rotate(u64(y + v[1] + fetch64(bytes, last + 48)), 42n) * multiplier);
  x ^= u64(w[1] * 9n);
  y = u64(y + v[0] * 9n + fetch64(bytes, last + 40));
  z = u64(rotate(u64(z + w[0]), 33n) * multiplier);
  v = weakHash32(bytes, last, u64(v[1] * multiplier), u64(x + w[0]));
  w = weakHash32(bytes, last + 32, u64(z + w[1]), u64(y + fetch64(bytes, last + 16)));
  [z, x] = [x, z];
  return mix(u64(mix(v[0], w[0], multiplier) + fold(y) * K0 + z), u64(mix(v[1], w[1], multiplier) + x), multiplier);
}
