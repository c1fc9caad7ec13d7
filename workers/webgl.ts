import { webglDriver } from "./engines/tfjs/webgl.js";
import { tfjsEngine } from "./engines/tfjs/engine.js";
import { serve } from "./runtime/serve.js";

serve(tfjsEngine(webglDriver));
