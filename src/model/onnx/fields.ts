// The numbers of fields, by message, as in ONNX's schema (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3).
export const MODEL = {
  irVersion: 1,
  producer: 2,
  producerVersion: 3,
  graph: 7,
  opsets: 8,
  metadata: 14,
  training: 20,
  functions: 25,
} as const;
export const OPSET = { domain: 1, version: 2 } as const;
export const GRAPH = {
  nodes: 1,
  name: 2,
  initializers: 5,
  inputs: 11,
  outputs: 12,
  valueInfos: 13,
  sparseInitializers: 15,
} as const;
export const FUNCTION = { nodes: 7 } as const;
export const NODE = { inputs: 1, outputs: 2, name: 3, op: 4, attributes: 5, domain: 7 } as const;
export const ATTRIBUTE = {
  name: 1,
  integer: 3,
  tensor: 5,
  graph: 6,
  tensors: 10,
  graphs: 11,
  sparse: 22,
  sparses: 23,
} as const;
export const TENSOR = {
  element: 2,
  floats: 4,
  int32s: 5,
  texts: 6,
  int64s: 7,
  name: 8,
  raw: 9,
  doubles: 10,
  uint64s: 11,
  external: 13,
  location: 14,
} as const;
export const SPARSE = { values: 1, indices: 2 } as const;
export const ENTRY = { key: 1, value: 2 } as const;
export const VALUE = { name: 1, type: 2 } as const;
export const TYPE = { tensor: 1, sequence: 4, map: 5, opaque: 7, sparse: 8, optional: 9 } as const;
export const TENSOR_TYPE = { element: 1, shape: 2 } as const;
export const SHAPE = { sizes: 1 } as const;
export const SIZE = { value: 1, symbol: 2 } as const;
