import { backend, type DataId, type Tensor as TfTensor } from "@tensorflow/tfjs-core";
import type { KernelMemory } from "./kernel-memory.js";

interface Resident {
  readonly kind: string;
  readonly sources: readonly DataId[];
  readonly address: number;
}

/**
 * Packed weights in the kernels' memory, packed once for as long as TF.js has the tensors they were made from. Weights that a graph
 * computes are new tensors in every call; their place is free for those of the next call.
 */
export class ResidentWeights {
  readonly #memory: KernelMemory;
  #residents: readonly Resident[] = [];

  constructor(memory: KernelMemory) {
    this.#memory = memory;
  }

  /**
   * @param kind what the packed form depends on beside the tensors.
   * @param pack writes the weights into memory that has been allocated; called only if they are not there yet.
   * @returns their address.
   * @throws ShardError "out-of-memory"
   */
  find(kind: string, sources: readonly TfTensor[], byteCount: number, pack: (target: Float32Array) => void): number {
    const known = this.#residents.find(
      (each) =>
        each.kind === kind &&
        each.sources.length === sources.length &&
        each.sources.every((dataId, index) => dataId === sources[index]!.dataId),
    );
    if (known !== undefined) return known.address;
    this.#dropStale();
    const address = this.#memory.allocate(byteCount);
    pack(this.#memory.floats().subarray(address / 4, (address + byteCount) / 4));
    this.#residents = [...this.#residents, { kind, sources: sources.map(({ dataId }) => dataId), address }];
    return address;
  }

  #dropStale(): void {
    const isStale = ({ sources }: Resident): boolean => sources.some((dataId) => backend().refCount(dataId) === 0);
    for (const { address } of this.#residents.filter(isStale)) this.#memory.free(address);
    this.#residents = this.#residents.filter((each) => !isStale(each));
  }
}
