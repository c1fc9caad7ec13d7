import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ShardError } from "../../../src/core/errors.js";
import { abortError, throwIfAborted } from "../../../src/protocol/abort.js";
import { asSentence, fromErrorRecord, messageOf, toErrorRecord } from "../../../src/protocol/error-record.js";
import { isWorkerNotice } from "../../../src/protocol/link.js";
import { caught } from "../../fixtures/caught.js";

describe("an error as a record", () => {
  it("survives structured clone: code, name, message, worker and the cause's message", () => {
    for (const code of ["model-failed", "aborted"] as const) {
      const error = new ShardError(code, "text", { workerId: "wasm-1", cause: new TypeError("below") });
      const back = fromErrorRecord(structuredClone(toErrorRecord(error, "internal")));
      expect([back.code, back.name, back.message, back.workerId]).toEqual([code, error.name, "text", "wasm-1"]);
      expect(back).toBeInstanceOf(ShardError);
      expect((back.cause as Error).message).toBe("below");
    }
    const bare = fromErrorRecord(toErrorRecord(new ShardError("internal", ""), "model-failed"));
    expect([bare.code, bare.cause, bare.workerId]).toEqual(["internal", undefined, undefined]);
  });

  it("ends a sentence once", () => {
    expect(["no kernel", "no kernel. ", "why?", ""].map(asSentence)).toEqual(["no kernel.", "no kernel.", "why?", "."]);
  });

  it("names the worker it came from, unless it names one itself", () => {
    const record = toErrorRecord(new Error("x"), "model-failed");
    expect(fromErrorRecord(record, "cpu-1").workerId).toBe("cpu-1");
    expect(fromErrorRecord({ ...record, workerId: "wasm-2" }, "cpu-1").workerId).toBe("wasm-2");
  });

  it("describes anything that can be thrown, and never throws itself", () => {
    fc.assert(
      fc.property(
        fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true, withMap: true }),
        (thrown) => {
          const record = toErrorRecord(thrown, "model-failed");
          expect(record.code).toBe("model-failed");
          expect(typeof record.message).toBe("string");
          structuredClone(record);
        },
      ),
      {
        examples: [
          [Object.create(null)],
          [{ toString: 1, valueOf: 1 }],
          [Symbol("s")],
          [Object.assign(new Error(), { message: {} })],
        ],
      },
    );
  });

  it("takes the message of what is no Error: WASM runtimes throw plain objects", () => {
    expect(messageOf({ name: "ExitStatus", message: "Program terminated with exit(1)", status: 1 })).toBe(
      "Program terminated with exit(1)",
    );
    expect(messageOf(new RangeError())).toBe("RangeError");
    expect([messageOf("text"), messageOf(undefined), messageOf(5)]).toEqual(["text", "undefined", "5"]);
  });
});

it("aborts carry the signal's reason and the platform's name", () => {
  const reason = new Error("enough");
  const error = caught("aborted", () => throwIfAborted(AbortSignal.abort(reason)));
  expect([error.name, error.cause]).toEqual(["AbortError", reason]);
  expect(abortError(AbortSignal.abort()).cause).toBeInstanceOf(DOMException);
  throwIfAborted(new AbortController().signal);
  throwIfAborted(undefined);
});

it("isWorkerNotice separates notices from Comlink's messages", () => {
  expect(isWorkerNotice({ notice: "device-lost", message: "gone" })).toBe(true);
  for (const other of [null, undefined, "notice", { id: "1", type: "RAW", value: 1 }, { message: "x" }, [1]]) {
    expect(isWorkerNotice(other)).toBe(false);
  }
});
