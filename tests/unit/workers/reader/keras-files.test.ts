import { describe, expect, it } from "vitest";
import type { ModelArtifacts } from "../../../../src/model/artifacts.js";
import { materialise } from "../../../../src/model/materialise.js";
import { kerasFile, readFiles } from "../../../fixtures/read-container.js";
import { rejected } from "../../../fixtures/caught.js";

it("x", async () => {
  for (const f of ["keras3.keras","keras3-legacy.h5","keras2.h5","keras2-zip.keras","lookup.keras","odd.h5"]) {
    const m = await readFiles(kerasFile(f));
    console.log(f, m.weightSpecs.map((s) => `${s.name}[${s.shape}]${s.dtype}${s.quantization?.dtype ?? ""}`).join(" "), JSON.stringify(m.modelTopology).slice(0, 100), (m.weightData as ArrayBuffer).byteLength);
    if (f === "lookup.keras") console.log(JSON.stringify(m.modelTopology));
  }
  await rejected("model-malformed", readFiles(kerasFile("cyclic.h5")), "x");
});
