import { onnxEngine } from "./engines/onnx/engine.js";
import { wasmDriver } from "./engines/onnx/wasm.js";
import { serve } from "./runtime/serve.js";

serve(onnxEngine(wasmDriver));
