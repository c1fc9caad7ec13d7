import { litertEngine } from "./engines/litert/engine.js";
import { webgpuDriver } from "./engines/litert/webgpu.js";
import { serve } from "./runtime/serve.js";

serve(litertEngine(webgpuDriver));
