import type { InputTensor } from "./tensors.js";

/**
 * What the platform itself says of a typed array, from whichever frame it is; `undefined` for anything else, a Proxy of one, too. The
 * getter reads an internal slot, which nothing can imitate.
 */
const TAG = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag);

/** "Float32Array" for one, even of another frame; `undefined` for what is no typed array. */
export function typedArrayName(value: unknown): string | undefined {
  const name: unknown = TAG?.get?.call(value);
  return typeof name === "string" ? name : undefined;
}

/** A view of the same memory by this frame's own class; the array itself if it has that already. */
export function ownView(data: Exclude<InputTensor["data"], readonly string[]>): typeof data {
  switch (typedArrayName(data)) {
    case "Float32Array":
      return data instanceof Float32Array ? data : viewOf(Float32Array, data);
    case "Int32Array":
      return data instanceof Int32Array ? data : viewOf(Int32Array, data);
    case "Uint8ClampedArray":
      return data instanceof Uint8ClampedArray ? data : viewOf(Uint8ClampedArray, data);
    default:
      return data instanceof Uint8Array ? data : viewOf(Uint8Array, data);
  }
}

function viewOf<T>(
  type: new (buffer: ArrayBufferLike, byteOffset: number, length: number) => T,
  { buffer, byteOffset, length }: Pick<Uint8Array, "buffer" | "byteOffset" | "length">,
): T {
  return new type(buffer, byteOffset, length);
}

/** Whether a value is an object of the platform's class of this name, from whichever frame. */
export function isPlatform(name: "URL" | "ArrayBuffer" | "SharedArrayBuffer", value: unknown): boolean {
  return Object.prototype.toString.call(value) === `[object ${name}]`;
}
