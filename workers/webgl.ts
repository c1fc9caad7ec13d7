import { webglDriver } from "./backends/webgl.js";
import { serve } from "./runtime/serve.js";

serve(webglDriver);
