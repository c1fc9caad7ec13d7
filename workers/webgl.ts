import { webglDriver } from "./engines/tfjs/webgl.js";
import { serve } from "./runtime/serve.js";

serve(webglDriver);
