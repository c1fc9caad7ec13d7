import { wasmDriver } from "./backends/wasm.js";
import { serve } from "./runtime/serve.js";

serve(wasmDriver);
