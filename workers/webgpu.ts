import { webgpuDriver } from "./engines/tfjs/webgpu.js";
import { serve } from "./runtime/serve.js";

serve(webgpuDriver);
