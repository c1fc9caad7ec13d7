import { cpuDriver } from "./engines/tfjs/cpu.js";
import { serve } from "./runtime/serve.js";

serve(cpuDriver);
