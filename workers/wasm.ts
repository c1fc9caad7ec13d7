import { wasmDriver } from "./engines/tfjs/wasm.js";
import { tfjsEngine } from "./engines/tfjs/engine.js";
import { serve } from "./runtime/serve.js";

serve(tfjsEngine(wasmDriver));
