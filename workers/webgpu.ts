import { webgpuDriver } from "./engines/tfjs/webgpu.js";
import { tfjsEngine } from "./engines/tfjs/engine.js";
import { serve } from "./runtime/serve.js";

serve(tfjsEngine(webgpuDriver));
