import "@tensorflow/tfjs-backend-cpu";
import type { BackendDriver } from "./driver.js";
import { activate } from "./activate.js";

/** Plain JavaScript kernels. They run everywhere and are the last resort. */
export const cpuDriver: BackendDriver = {
  name: "cpu",
  traits: { readBackAliases: true, copiesUploads: false, isSynchronous: true },
  wantsPowersOfTwo: false,
  async start() {
    await activate("cpu", "reload the page");
    return { device: "JavaScript", isSoftware: false };
  },
  isIntact: () => true,
  // A failed allocation throws by itself.
  watch: (call) => call(),
  heapBytes: () => undefined,
  stop() {},
};
