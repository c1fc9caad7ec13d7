import type { EngineModel, NamedInputs, NamedOutputs } from "./engine.js";

/** Uses the outputs of one call. @param areOwned they belong to the caller; else they are valid until this returns, and have to be copied. */
export type UseOutputs<T> = (outputs: NamedOutputs, areOwned: boolean) => T;

/**
 * Run one call, with as few copies of its outputs as the engine allows.
 * @param onSubmitted as for `EngineModel.run`.
 * @throws whatever the engine or `use` throws
 */
export async function useOutputs<T>(
  model: EngineModel,
  inputs: NamedInputs,
  use: UseOutputs<T>,
  onSubmitted?: () => void,
): Promise<T> {
  if (model.runAndUse !== undefined) return model.runAndUse(inputs, (outputs) => use(outputs, false));
  return use(await model.run(inputs, onSubmitted), true);
}
