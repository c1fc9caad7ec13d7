/** A weight in the model's weight data: its entry in a TF.js weights manifest, and its place. */
export interface StoredWeight {
  readonly kind: "stored";
  readonly shape: readonly number[];
  readonly dtype: "float32" | "int32" | "bool" | "string" | "complex64";
  readonly quantization?:
    | {
        readonly dtype: "uint8" | "uint16" | "float16";
        readonly scale?: number;
        readonly min?: number;
        readonly original_dtype?: "float32" | "int32";
      }
    | undefined;
  /** Offset from the start of the model's weight data. */
  readonly byteOffset: number;
  /** Length of the stored form, which may be quantised. */
  readonly byteLength: number;
}

/** A weight that the worker computes from stored weights, in double precision, and rounds once at the end. */
export interface ComputedWeight {
  readonly kind: "computed";
  readonly shape: readonly number[];
  readonly dtype: "float32" | "int32" | "bool";
  readonly value: ConstantExpression;
}

/**
 * How to make one weight of a stage. The page writes recipes without ever expanding a weight; the worker makes the weights
 * (`materialise` in src/model).
 */
export type WeightRecipe = StoredWeight | ComputedWeight;

/** Constant arithmetic over weights. Shapes broadcast as in NumPy. */
export type ConstantExpression =
  | { readonly op: "weight"; readonly weight: StoredWeight }
  /** Small constants written out: axes, shapes, scalars. */
  | {
      readonly op: "literal";
      readonly tensor: { readonly shape: readonly number[]; readonly values: readonly number[] };
    }
  | {
      readonly op: "add" | "sub" | "mul" | "div" | "maximum" | "minimum";
      readonly a: ConstantExpression;
      readonly b: ConstantExpression;
    }
  | { readonly op: "rsqrt" | "sqrt" | "neg"; readonly a: ConstantExpression }
  | { readonly op: "reshape"; readonly a: ConstantExpression; readonly shape: readonly number[] }
  | { readonly op: "transpose"; readonly a: ConstantExpression; readonly permutation: readonly number[] };

/** The recipes of one stage, by the names that its topology uses for the weights. */
export type WeightRecipes = Readonly<Record<string, WeightRecipe>>;
