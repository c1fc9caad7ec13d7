import "@tensorflow/tfjs-backend-cpu";
import type { BackendDriver } from "./driver.js";
import { activate } from "./activate.js";

/** Plain JavaScript kernels: the last resort, which runs everywhere. */
export const cpuDriver: BackendDriver = {
  name: "cpu",
  readBackAliases: true,
  async start() {
    await activate("cpu", "reload the page");
    return { backend: "cpu", device: "JavaScript" };
  },
  isIntact: () => true,
  stop() {},
};
