// The numbers of fields, by table, as in TensorFlow Lite's schema.
export const MODEL = { operations: 1, subgraphs: 2, description: 3, buffers: 4, signatures: 7 } as const;
/** A kind of operation. */
export const OPERATION = { code: 0, custom: 1, laterCode: 3 } as const;
export const SUBGRAPH = { tensors: 0, inputs: 1, outputs: 2, operators: 3 } as const;
export const OPERATOR = { operation: 0, inputs: 1, outputs: 2 } as const;
export const TENSOR = { shape: 0, type: 1, buffer: 2, name: 3, quantization: 4, shapeSignature: 7 } as const;
export const QUANTIZATION = { scale: 2, zeroPoint: 3 } as const;
export const BUFFER = { data: 0, offset: 1, size: 2 } as const;
export const SIGNATURE = { inputs: 0, outputs: 1, key: 2, subgraph: 4 } as const;
export const TENSOR_MAP = { name: 0, tensor: 1 } as const;
