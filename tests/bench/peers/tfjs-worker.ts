import { exposeEngine } from "./engine-api.js";
import { tfjsEngine } from "./tfjs-engine.js";

exposeEngine(() => tfjsEngine("wasm"));
