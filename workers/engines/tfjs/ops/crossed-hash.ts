import { farmFingerprint64 } from "./farm-hash.js";
import type { PlainNode, PlainOp } from "./plain-node.js";
import { ints, type PlainTensor } from "./plain-tensor.js";

/** TensorFlow's default key of crossed hashes. */
const HASH_KEY = 0xdecafcaffen;
/** The multiplier of Murmur's hash of 64 bits. */
const PAIR_FACTOR = 0xc6a4a7935bd1e995n;

/**
 * The bucket of each combination of values, of which every input has one for each item. Source: SparseCross of TensorFlow (hashed
 * output), which joins fingerprints like FingerprintCat64.
 */
function crossedHash(node: PlainNode): PlainTensor {
  const count = BigInt(node.number("num_buckets"));
  const columns = node.inputs.map((input, index) => {
    if (input.dtype === "string") return input.data.map(farmFingerprint64);
    return Array.from(node.ints(index).data, (value) => BigInt.asUintN(64, BigInt(value)));
  });
  const { shape } = node.input(0);
  const length = columns[0]?.length ?? 0;
  if (columns.some((column) => column.length !== length)) return node.fail("inputs of the same size");
  return ints(
    shape,
    Array.from({ length }, (_, item) => {
      const hash = columns.reduce((joined, column) => pairHash(joined, column[item]!), HASH_KEY);
      return Number(hash % count);
    }),
  );
}

function pairHash(first: bigint, second: bigint): bigint {
  const times = (value: bigint): bigint => BigInt.asUintN(64, value * PAIR_FACTOR);
  const mixed = (value: bigint): bigint => value ^ (value >> 47n);
  const joined = times(first ^ PAIR_FACTOR ^ times(mixed(times(second))));
  return mixed(times(mixed(joined)));
}

export const CROSSED_HASH_OPS: Readonly<Record<string, PlainOp>> = { _CrossedHash: crossedHash };
