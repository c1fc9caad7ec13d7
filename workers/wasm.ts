import { wasmDriver } from "./engines/tfjs/wasm.js";
import { serve } from "./runtime/serve.js";

serve(wasmDriver);
