import { expect, it } from "vitest";
import { lackingOperation } from "../../../workers/engines/litert/lacking-operation.js";

// What LiteRT 2.5.3 prints.
it("names the custom operation that LiteRT says it lacks", () => {
  const printed = "ERROR: Encountered unresolved custom op: Erfinv.\nERROR: Node number 0 (Erfinv) failed to prepare.";
  expect(lackingOperation(printed, "cause")).toMatchObject({
    code: "model-unsupported",
    message: expect.stringMatching(/^Expected .*received the custom operation "Erfinv": /),
    cause: "cause",
  });
});

it("sees nothing of the kind in other words", () => {
  expect(lackingOperation("")).toBeUndefined();
  expect(lackingOperation("ERROR: Node number 0 (RESHAPE) failed to prepare.")).toBeUndefined();
});
