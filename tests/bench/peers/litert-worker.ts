import { exposeEngine } from "./engine-api.js";
import { litertEngine } from "./litert-engine.js";

exposeEngine(({ folderUrl, threadCount }) => litertEngine(folderUrl, threadCount));
