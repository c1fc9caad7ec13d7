import "@tensorflow/tfjs-backend-cpu";
import "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops";
import { setBackend } from "@tensorflow/tfjs-core";
import { it } from "vitest";
import { listCases, readCase } from "../fixtures/case-files.js";
import { inspectModel } from "../../src/model/inspect.js";
import { runWire } from "../fixtures/run-wires.js";
import { startEngine } from "../fixtures/engine-sharder.js";
import { startLayers } from "../fixtures/adding-sharder.js";
import { relativeDifference } from "../fixtures/close.js";
const dir = process.env.CASES ?? "/work/shared/cases";
const only = new RegExp(process.env.ONLY ?? "^(g|x)-");
it("x", { timeout: 3e6 }, async () => {
  for (const name of listCases(dir, only)) {
    const c = readCase(dir, name);
    await setBackend("cpu");
    let whole: any;
    let model: any;
    try { model = inspectModel(c.artifacts, true, true); whole = await runWire(model.wire, c.inputs); } catch (e) { console.log(name, "whole fails:", (e as Error).message.slice(0, 70)); continue; }
    for (const split of ["batch", "layers"]) {
      let res = "";
      try {
        const sharder = split === "batch" ? await startEngine(c.artifacts, { optimize: true, split: "auto" }) : (await startLayers(0, { model: c.artifacts })).sharder;
        for (let i = 0; i < 2; i++) {
          const out: any = await sharder.predict(c.inputs);
          for (const key of Object.keys(whole)) {
            const a = out[key];
            if (Array.isArray(a)) res += ` list ${a.map((x: any) => x.shape)} vs ${whole[key].shape}`;
            else if (a.shape.join() !== whole[key].shape.join()) res += ` shape ${a.shape} vs ${whole[key].shape}`;
            else if (whole[key].dtype !== "string" && !(relativeDifference(a, whole[key]) <= 1e-5)) res += ` differs ${relativeDifference(a, whole[key])}`;
          }
        }
        res = `${sharder.model.batchMode} ${res}`;
        await sharder.dispose();
      } catch (e) { res = "FAILS " + (e as Error).message.slice(0, 300); }
      console.log(name, split, res);
    }
  }
});
