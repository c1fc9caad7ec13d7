import { ShardError } from "../../../../src/core/errors.js";

const PAGE_BYTES = 2 ** 16;
/** One page below what 32-bit addresses reach, as in TF.js's own memory. */
const MAX_BYTES = 2 ** 32 - PAGE_BYTES;
/** A cache line, so that no vector straddles two. The address 0 stands for "none". */
const ALIGNMENT = 64;

interface Block {
  readonly address: number;
  readonly byteCount: number;
}

/** Gives out the memory of the kernels: the first gap that is large enough, else more memory. A few blocks at a time. */
export class KernelMemory {
  readonly #memory: WebAssembly.Memory;
  readonly #maxBytes: number;
  /** By address. */
  #blocks: readonly Block[] = [];

  /** @param maxBytes how far the memory may grow; less than the default only in tests. */
  constructor(memory: WebAssembly.Memory, maxBytes = MAX_BYTES) {
    this.#memory = memory;
    this.#maxBytes = maxBytes;
  }

  /** Bytes of the whole memory, which never shrinks. */
  get byteCount(): number {
    return this.#memory.buffer.byteLength;
  }

  /** All of the memory as numbers; invalid after the next `allocate`. */
  floats(): Float32Array {
    return new Float32Array(this.#memory.buffer);
  }

  /** All of the memory as bytes; invalid after the next `allocate`. */
  bytes(): Uint8Array {
    return new Uint8Array(this.#memory.buffer);
  }

  /**
   * @param byteCount is rounded up to a whole cache line.
   * @returns an address, a multiple of 64. What is there is whatever was there before.
   * @throws ShardError "out-of-memory"; then nothing has changed.
   */
  allocate(byteCount: number): number {
    const wanted = Math.ceil(byteCount / ALIGNMENT) * ALIGNMENT;
    let address = ALIGNMENT;
    const before = this.#blocks.findIndex((block) => {
      if (block.address - address >= wanted) return true;
      address = block.address + block.byteCount;
      return false;
    });
    if (before === -1) this.#reach(address + wanted);
    this.#blocks = this.#blocks.toSpliced(before === -1 ? this.#blocks.length : before, 0, {
      address,
      byteCount: wanted,
    });
    return address;
  }

  free(address: number): void {
    this.#blocks = this.#blocks.filter((block) => block.address !== address);
  }

  #reach(byteCount: number): void {
    const lacking = byteCount - this.byteCount;
    if (lacking <= 0) return;
    if (byteCount > this.#maxBytes) throw this.#outOfMemory(byteCount);
    try {
      this.#memory.grow(Math.ceil(lacking / PAGE_BYTES));
    } catch (cause) {
      throw this.#outOfMemory(byteCount, cause);
    }
  }

  #outOfMemory(byteCount: number, cause?: unknown): ShardError {
    const [wanted, reserved, most] = [byteCount, this.byteCount, this.#maxBytes].map((bytes) =>
      Math.ceil(bytes / 2 ** 20),
    );
    return new ShardError(
      "out-of-memory",
      `Expected room for ${wanted} MB of a recurrent layer's weights and states, but it failed with ${reserved} of at most ${most} MB reserved: use smaller items, or split the model by layers.`,
      { cause },
    );
  }
}
