import type { ModelInfo, OpenedPicture } from "../../index.js";
import type { Workload } from "../dashboard/host.js";

/**
 * What enlarging a picture is measured by: as many tiles of the same size, of noise, since what they show does not change how long they take.
 * @param address of the model. @returns `undefined` where that is not known.
 */
export function tileWorkload(
  model: ModelInfo | undefined,
  address: string | undefined,
  { tileCount, tileWidth, tileHeight }: OpenedPicture<unknown>,
): Workload | undefined {
  const input = model?.inputs[0]?.name;
  if (input === undefined || address === undefined) return undefined;
  return {
    model: address,
    modelName: address.split("/").at(-2) ?? address,
    itemCount: tileCount,
    itemShape: `${tileHeight} × ${tileWidth} × 3`,
    inputs(itemCount) {
      const shape = [itemCount, tileHeight, tileWidth, 3];
      const data = new Uint8Array(shape.reduce((product, size) => product * size, 1));
      // An even spread over all values, from a multiplicative congruence.
      for (let i = 0, value = 1; i < data.length; i++) data[i] = (value = (value * 75) % 65_537) & 255;
      return { [input]: { dtype: "uint8", shape, data, scale: 1 / 255 } };
    },
  };
}
