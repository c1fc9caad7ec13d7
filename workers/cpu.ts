import { cpuDriver } from "./engines/tfjs/cpu.js";
import { tfjsEngine } from "./engines/tfjs/engine.js";
import { serve } from "./runtime/serve.js";

serve(tfjsEngine(cpuDriver));
