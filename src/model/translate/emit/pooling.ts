import type { EmitNode } from "../node-call.js";
import type { OperatorName } from "../operators.js";
import { channelsLast, readWindow, sizesOf } from "./window.js";

/** Below every float32 that a model computes with. */
const LOWEST = -3.4028234663852886e38;

const pool =
  (name: OperatorName, filler: number): EmitNode =>
  (call) => {
    const filter = sizesOf(call, "ksize");
    const result = channelsLast(call, call.input(0), (given) => {
      call.requireElement(given, "float32");
      const { picture, options, dilations, ...window } = readWindow(call, given, filter, filler);
      // An average is of what lies inside of the picture.
      if (picture !== given && name === "AVERAGE_POOL_2D") call.refuse("explicit paddings");
      if (Object.values(dilations).some((each) => each !== 1)) call.refuse("dilations");
      const shape = [picture.shape[0]!, window.height, window.width, picture.shape[3]!];
      return call.emit(name, [picture], { shape }, { ...options, filterHeight: filter[0], filterWidth: filter[1] });
    });
    return [result];
  };

export const POOLING: Readonly<Record<string, EmitNode>> = {
  AvgPool: pool("AVERAGE_POOL_2D", 0),
  MaxPool: pool("MAX_POOL_2D", LOWEST),
};
