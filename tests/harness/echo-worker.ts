import { exposeApi } from "../../workers/runtime/expose.js";
import { echoApi, type EchoApi } from "../contract/echo.js";

const api = echoApi(
  (notice) => globalThis.postMessage(notice),
  () =>
    void setTimeout(() => {
      throw new Error("crashed on purpose");
    }),
);
exposeApi<EchoApi>(api);
