import { farmFingerprint64 } from "./farm-hash.js";
import type { PlainNode, PlainOp } from "./plain-node.js";
import { ints } from "./plain-tensor.js";
import { murmur64, sipHash } from "./keyed-hashes.js";

/** TensorFlow's seed for the hash behind StringToHashBucket. */
const LEGACY_SEED = 0xdecafcaffen;
const MAX_INT32 = 2 ** 31 - 1;

/** Each string's hash, modulo the number of buckets. */
function toBuckets(hash: (bytes: string, node: PlainNode) => bigint): PlainOp {
  return (node) => {
    const { shape, data } = node.strings(0);
    const count = node.number("num_buckets");
    if (count > MAX_INT32 + 1) return node.refuse(`${count} buckets, whose numbers don't fit in 32 bits`);
    const buckets = BigInt(count);
    return ints(
      shape,
      data.map((text) => Number(hash(text, node) % buckets)),
    );
  };
}

function strongHash(text: string, node: PlainNode): bigint {
  const { i } = Object(Object(node.attr["key"]).list) as { i?: unknown };
  const key = Array.isArray(i) ? i.map((part) => BigInt.asUintN(64, BigInt(String(part)))) : [];
  return sipHash(text, key[0] ?? node.fail("a key of two integers"), key[1] ?? node.fail("a key of two integers"));
}

export const HASH_OPS: Readonly<Record<string, PlainOp>> = {
  StringToHashBucket: toBuckets((text) => murmur64(text, LEGACY_SEED)),
  StringToHashBucketFast: toBuckets(farmFingerprint64),
  StringToHashBucketStrong: toBuckets(strongHash),
};
