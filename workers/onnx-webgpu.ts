import { onnxEngine } from "./engines/onnx/engine.js";
import { webgpuDriver } from "./engines/onnx/webgpu.js";
import { serve } from "./runtime/serve.js";

serve(onnxEngine(webgpuDriver));
