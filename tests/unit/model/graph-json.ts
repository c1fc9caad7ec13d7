/** Graph models as JSON, as the converter writes them. */
export interface NodeJson {
  name: string;
  op: string;
  input?: string[];
  attr?: Record<string, unknown>;
}

export const dims = (...sizes: number[]): object => ({ dim: sizes.map((size) => ({ size: String(size) })) });

export function node(name: string, op: string, input: string[] = [], attr: Record<string, unknown> = {}): NodeJson {
  return { name, op, input, attr };
}

export function placeholder(name: string, shape: object | undefined, dtype = "DT_FLOAT", op = "Placeholder"): NodeJson {
  return node(name, op, [], { dtype: { type: dtype }, ...(shape === undefined ? {} : { shape: { shape } }) });
}

export function graph(nodes: readonly NodeJson[], library?: object): object {
  return { node: nodes, versions: { producer: 1 }, ...(library === undefined ? {} : { library }) };
}

export const signed = (name: string, tensorShape: object | undefined, dtype = "DT_FLOAT"): object => ({
  name,
  dtype,
  tensorShape,
});
