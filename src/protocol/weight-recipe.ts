/** How a weight lies in the model's weight data: as in a TF.js weights manifest, and where. */
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
  /** From the start of the model's weight data. */
  readonly byteOffset: number;
  /** Of the stored, perhaps quantised, form. */
  readonly byteLength: number;
}

/** A weight that the worker computes from stored ones, in double precision, rounded once at the end. */
export interface ComputedWeight {
  readonly kind: "computed";
  readonly shape: readonly number[];
  readonly dtype: "float32" | "int32" | "bool";
  readonly value: ConstantExpression;
}

/**
 * What one weight of a stage is made of. The page writes recipes without ever expanding a weight; the worker
 * carries them out (`materialise` in src/model).
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

/** The recipes of one stage by the name under which its topology refers to each weight. */
export type WeightRecipes = Readonly<Record<string, WeightRecipe>>;
