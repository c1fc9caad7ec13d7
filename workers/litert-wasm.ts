import { litertEngine } from "./engines/litert/engine.js";
import { wasmDriver } from "./engines/litert/wasm.js";
import { serve } from "./runtime/serve.js";

serve(litertEngine(wasmDriver));
