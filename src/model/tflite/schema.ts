// The numbers of fields, by table, as in TensorFlow Lite's schema.
export const MODEL = {
  version: 0,
  operations: 1,
  subgraphs: 2,
  description: 3,
  buffers: 4,
  metadataBuffers: 5,
  metadata: 6,
  signatures: 7,
} as const;
export const METADATA = { name: 0, buffer: 1 } as const;
/** A kind of operation. */
export const OPERATION = { code: 0, custom: 1, laterCode: 3 } as const;
export const SUBGRAPH = { tensors: 0, inputs: 1, outputs: 2, operators: 3, name: 4 } as const;
export const OPERATOR = {
  operation: 0,
  inputs: 1,
  outputs: 2,
  options: 4,
  customOptions: 5,
  mutatedInputs: 7,
  intermediates: 8,
  farOptions: 9,
  laterOptions: 12,
} as const;
export const TENSOR = {
  shape: 0,
  type: 1,
  buffer: 2,
  name: 3,
  quantization: 4,
  isVariable: 5,
  sparsity: 6,
  shapeSignature: 7,
} as const;
export const QUANTIZATION = { min: 0, max: 1, scale: 2, zeroPoint: 3, details: 5 } as const;
export const BUFFER = { data: 0, offset: 1, size: 2 } as const;
export const SIGNATURE = { inputs: 0, outputs: 1, key: 2, subgraph: 4 } as const;
export const TENSOR_MAP = { name: 0, tensor: 1 } as const;
