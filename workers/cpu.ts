import { cpuDriver } from "./backends/cpu.js";
import { serve } from "./runtime/serve.js";

serve(cpuDriver);
