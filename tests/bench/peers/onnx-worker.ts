import { exposeEngine } from "./engine-api.js";
import { onnxEngine } from "./onnx-engine.js";

exposeEngine(({ folderUrl, threadCount }) => onnxEngine(folderUrl, threadCount));
