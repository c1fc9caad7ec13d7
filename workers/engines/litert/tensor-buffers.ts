import { ShardError } from "../../../src/core/errors.js";
import type { TfliteBinding } from "../../../src/protocol/model-on-wire.js";
import { elementCountOf, type InputTensor, type Tensor } from "../../../src/protocol/tensors.js";
import { readElements, typeOf, writeElements } from "./elements.js";
import type { Litert, TensorBuffer } from "./runtime.js";

/** LiteRT's numbers for where a buffer is. */
const HOST_MEMORY = 1;
const GPU_MEMORY = 26;

/** An input of a compiled model, whose buffer is written anew for every call. */
export interface InputBuffer {
  readonly buffer: TensorBuffer;
  write(input: InputTensor): void;
  delete(): void;
}

/** Makes and reads LiteRT's buffers, in its own memory or on the GPU. Each has to be deleted: LiteRT collects no garbage. */
export class TensorBuffers {
  readonly #litert: Litert;
  readonly #device: GPUDevice | undefined;

  constructor(litert: Litert, device: GPUDevice | undefined) {
    this.#litert = litert;
    this.#device = device;
  }

  /**
   * A buffer for an input.
   * @param kinds where the compiled model takes it, as LiteRT numbers them.
   */
  input(binding: TfliteBinding, shape: readonly number[], kinds: readonly number[]): InputBuffer {
    const { number, bytes } = typeOf(binding.element);
    const byteCount = elementCountOf(shape) * bytes;
    const type = this.#rankedType(number, shape);
    try {
      return kinds.includes(HOST_MEMORY)
        ? this.#hostInput(binding, type, byteCount)
        : this.#gpuInput(binding, type, byteCount, kinds);
    } finally {
      type.delete();
    }
  }

  /** Read an output, and delete it. */
  async take(buffer: TensorBuffer, binding: TfliteBinding): Promise<Tensor> {
    try {
      const shape = shapeOf(buffer);
      const { bytes } = typeOf(binding.element);
      const byteCount = elementCountOf(shape) * bytes;
      const data = buffer.isWebGpuMemory() ? await this.#readGpu(buffer, byteCount) : this.#readHost(buffer, byteCount);
      return readElements(data, shape, binding);
    } finally {
      buffer.delete();
    }
  }

  #hostInput(binding: TfliteBinding, type: RankedType, byteCount: number): InputBuffer {
    const { module, environment } = this.#litert;
    const { HOST_MEMORY: kind } = module.LiteRtTensorBufferType;
    const buffer = module.LiteRtTensorBuffer.createManaged(environment, kind, type, byteCount);
    return {
      buffer,
      write: (input) => {
        const place = buffer.lock(module.LiteRtTensorBufferLockMode.WRITE);
        try {
          writeElements(input, binding, module.HEAPU8.buffer, place);
        } finally {
          buffer.unlock();
        }
      },
      delete: () => buffer.delete(),
    };
  }

  #gpuInput(binding: TfliteBinding, type: RankedType, byteCount: number, kinds: readonly number[]): InputBuffer {
    if (!kinds.includes(GPU_MEMORY)) {
      throw new ShardError(
        "model-unsupported",
        `Expected LiteRT to take "${binding.name}" from this or the GPU's memory, received ${kinds.join(", ") || "nowhere"}: use { engine: "litert", backend: "wasm" } for this model.`,
      );
    }
    const { module, environment } = this.#litert;
    const device = this.#requireDevice();
    const size = padded(byteCount);
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    const memory = device.createBuffer({ size, usage });
    const imported = module.WebGPU.importJsBuffer(memory);
    const { WEB_GPU_BUFFER_PACKED: kind } = module.LiteRtTensorBufferType;
    const buffer = module.LiteRtTensorBuffer.createFromWebGpuBuffer(environment, type, kind, imported, size);
    const staged = new ArrayBuffer(size);
    return {
      buffer,
      write: (input) => {
        writeElements(input, binding, staged, 0);
        device.queue.writeBuffer(memory, 0, staged);
      },
      delete: () => {
        buffer.delete();
        module.wgpuBufferRelease(imported);
        memory.destroy();
      },
    };
  }

  #readHost(buffer: TensorBuffer, byteCount: number): ArrayBuffer {
    const { module } = this.#litert;
    const place = buffer.lock(module.LiteRtTensorBufferLockMode.READ);
    try {
      // The memory of a build with threads is shared.
      return new Uint8Array(module.HEAPU8.subarray(place, place + byteCount)).buffer;
    } finally {
      buffer.unlock();
    }
  }

  async #readGpu(buffer: TensorBuffer, byteCount: number): Promise<ArrayBuffer> {
    const device = this.#requireDevice();
    const source = this.#litert.module.WebGPU.getJsObject(buffer.getWebGpuBuffer());
    const size = padded(byteCount);
    const staging = device.createBuffer({ size, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
    try {
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(source, buffer.offset(), staging, 0, size);
      device.queue.submit([encoder.finish()]);
      await staging.mapAsync(GPUMapMode.READ);
      return staging.getMappedRange().slice(0, byteCount);
    } finally {
      staging.destroy();
    }
  }

  #rankedType(elementType: ElementNumber, shape: readonly number[]): RankedType {
    const { module } = this.#litert;
    const sizes = new module.VectorInt32();
    for (const size of shape) sizes.push_back(size);
    const layout = module.LiteRtLayout.create(sizes);
    sizes.delete();
    const type = module.LiteRtRankedTensorType.create({ value: elementType }, layout);
    layout.delete();
    return type;
  }

  #requireDevice(): GPUDevice {
    if (this.#device !== undefined) return this.#device;
    throw new ShardError("internal", "Expected a GPU device for a buffer on the GPU, received none.");
  }
}

type RankedType = ReturnType<TensorBuffer["tensorType"]>;
type ElementNumber = ReturnType<typeof typeOf>["number"];

/** GPU copies are of whole words. */
function padded(byteCount: number): number {
  return Math.max(4, (byteCount + 3) & ~3);
}

function shapeOf(buffer: TensorBuffer): number[] {
  const type = buffer.tensorType();
  const layout = type.layout();
  const sizes = layout.dimensions();
  const shape = Array.from({ length: sizes.size() }, (_, axis) => Number(sizes.get(axis)));
  for (const each of [sizes, layout, type]) each.delete();
  return shape;
}
