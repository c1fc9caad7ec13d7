import { webgpuDriver } from "./backends/webgpu.js";
import { serve } from "./runtime/serve.js";

serve(webgpuDriver);
