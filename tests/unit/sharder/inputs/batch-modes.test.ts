// Whether a batch is one call or many, which is decided once for each shape, on the page.
import { describe, expect, it } from "vitest";
import { ShardError } from "../../../../src/core/errors.js";
import type { BatchAnalysis } from "../../../../src/model/batch/analyse-batch.js";
import { BatchModes, hasRows } from "../../../../src/sharder/inputs/batch-modes.js";
import type { TrialFinding } from "../../../../src/sharder/inputs/batch-probe.js";
import type { PreparedInputs } from "../../../../src/sharder/inputs/prepare-inputs.js";

const inputs = (shapeClass: string, fixedMode?: PreparedInputs["fixedMode"]): PreparedInputs => ({
  tensors: {},
  itemCount: 3,
  batchedNames: [],
  fixedMode,
  groupItemCount: 1,
  shapeClass,
});

const verdict = (verdict: BatchAnalysis["verdict"], reason?: string): BatchAnalysis => ({ verdict, reason });
const unknown = () => new BatchModes(verdict("unknown"));
const rows = () => new BatchModes(verdict("rows"));

type Answer = TrialFinding["mode"] | undefined | Error;

function trial(...answers: Answer[]) {
  const asked: string[] = [];
  const tryBatch = async ({ shapeClass }: PreparedInputs): Promise<TrialFinding | undefined> => {
    asked.push(shapeClass);
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer && { mode: answer, reason: "tried" };
  };
  return { asked, tryBatch };
}

describe("BatchModes", () => {
  it("trusts what is proven, and shapes that fix the batch", async () => {
    const modes = rows();
    const { asked, tryBatch } = trial();
    expect(modes.known(inputs("a"))).toBe("batched");
    for (const mode of ["item-by-item", "groups", "whole"] as const) {
      expect(await modes.decide(inputs("a", mode), tryBatch)).toBe(mode);
    }
    expect(asked).toEqual([]);
  });

  it("tries each shape once, and says what it has found", async () => {
    const seen: unknown[] = [];
    const modes = new BatchModes(verdict("unknown"), (...answer) => seen.push(answer));
    const { asked, tryBatch } = trial("batched", "item-by-item", "whole");
    expect(modes.known(inputs("a"))).toBeUndefined();
    for (let i = 0; i < 3; i++) {
      expect(await modes.decide(inputs("a"), tryBatch)).toBe("batched");
      expect(await modes.decide(inputs("b"), tryBatch)).toBe("item-by-item");
      expect(await modes.decide(inputs("c"), tryBatch)).toBe("whole");
    }
    expect(asked).toEqual(["a", "b", "c"]);
    expect(seen).toEqual(["batched", "item-by-item", "whole"].map((mode) => [mode, "tried"]));
  });

  it.each(["worker-lost", "server-busy", "server-unreachable", "server-refused", "server-failed"] as const)(
    "asks another worker where one was lost in a trial (%s)",
    async (code) => {
      const { asked, tryBatch } = trial(new ShardError(code, "gone"), "batched");
      expect([await unknown().decide(inputs("a"), tryBatch), asked.length]).toEqual(["batched", 2]);
    },
  );

  it("tries again with another side input that may switch parts of the model", async () => {
    const modes = unknown();
    const { asked, tryBatch } = trial("batched", "whole");
    const given = (training: number): PreparedInputs => {
      const tensors = { training: { dtype: "bool", shape: [], data: Uint8Array.of(training) } } as const;
      return { ...inputs("a"), tensors };
    };
    for (const each of ["batched", "whole"] as const) {
      expect(await modes.decide(given(each === "whole" ? 1 : 0), tryBatch)).toBe(each);
    }
    expect([modes.known(given(0)), modes.known(given(1)), asked.length]).toEqual(["batched", "whole", 2]);
  });

  it("only tries whether a batch runs at all, where it is known to mix its items", async () => {
    const seen: unknown[] = [];
    const modes = new BatchModes(verdict("mixed", "Mean"), (...answer) => seen.push(answer));
    const asked: boolean[] = [];
    const mode = await modes.decide(inputs("a"), async (_, isMixed) => {
      asked.push(isMixed);
      return { mode: "whole", reason: "ran" };
    });
    expect([mode, asked, seen]).toEqual(["whole", [true], [["whole", "Mean"]]]);
  });

  it("runs a whole batch, and decides nothing for later, if a trial shows nothing or fails", async () => {
    const modes = unknown();
    const { asked, tryBatch } = trial(undefined, new ShardError("model-failed", "no kernel"), "batched");
    expect(await modes.decide(inputs("a"), tryBatch)).toBe("whole");
    expect(await modes.decide(inputs("a"), tryBatch)).toBe("whole");
    expect(modes.known(inputs("a"))).toBeUndefined();
    expect(await modes.decide(inputs("a"), tryBatch)).toBe("batched");
    expect(asked).toHaveLength(3);
  });

  it("repeats the trial after a batch has failed, but never after one came out without rows", async () => {
    const modes = rows();
    const { asked, tryBatch } = trial("batched");
    modes.doubt(inputs("a"));
    expect(modes.known(inputs("a"))).toBeUndefined();
    expect(await modes.decide(inputs("a"), tryBatch)).toBe("batched");
    expect(modes.known(inputs("b"))).toBe("batched");
    expect(modes.refuse(inputs("a"))).toBe("item-by-item");
    expect(await modes.decide(inputs("a"), tryBatch)).toBe("item-by-item");
    expect(asked).toHaveLength(1);
  });

  it("keeps what a trial has shown of values, whatever a worker that may be wrong shows after a failure", async () => {
    const modes = unknown();
    const { tryBatch } = trial("batched");
    const differs: TrialFinding = { mode: "whole", reason: "other values", differs: true };
    expect(await modes.decide(inputs("b"), async () => differs)).toBe("whole");
    expect(await modes.decide(inputs("a"), tryBatch)).toBe("batched");
    modes.doubt(inputs("a"));
    expect(await modes.decide(inputs("a"), async () => differs)).toBe("batched");
    modes.doubt(inputs("a"));
    expect(await modes.decide(inputs("a"), async () => ({ mode: "item-by-item", reason: "it fails" }))).toBe(
      "item-by-item",
    );
  });

  it("takes whole batches after one came out without rows, unless single items are proven to be right", async () => {
    const modes = unknown();
    const { tryBatch } = trial("batched");
    await modes.decide(inputs("a"), tryBatch);
    expect(modes.refuse(inputs("a"))).toBe("whole");
    expect(modes.known(inputs("a"))).toBe("whole");
  });

  it("asks once where several jobs begin together", async () => {
    const modes = unknown();
    const { asked, tryBatch } = trial("batched");
    const decided = await Promise.all([1, 2, 3].map(() => modes.decide(inputs("a"), tryBatch)));
    expect([decided, asked]).toEqual([["batched", "batched", "batched"], ["a"]]);
  });

  it("lets no trial undo what a whole batch has shown meanwhile", async () => {
    const modes = unknown();
    let answer: (finding: TrialFinding) => void = () => {};
    const deciding = modes.decide(inputs("a"), () => new Promise((resolve) => (answer = resolve)));
    modes.refuse(inputs("a"));
    answer({ mode: "batched", reason: "tried" });
    expect(await deciding).toBe("whole");
    modes.doubt(inputs("a"));
    expect(modes.known(inputs("a"))).toBe("whole");
  });

  it("asks another worker where the first is lost, and gives up after three", async () => {
    const lost = new ShardError("worker-lost", "gone");
    const modes = unknown();
    const first = trial(lost, lost, "batched");
    expect(await modes.decide(inputs("a"), first.tryBatch)).toBe("batched");
    const second = trial(lost, lost, lost, "batched");
    expect(await modes.decide(inputs("b"), second.tryBatch)).toBe("whole");
    expect([first.asked.length, second.asked.length]).toEqual([3, 3]);
  });
});

it.each([
  [[3, 4], true],
  [[3], true],
  [[4, 3], false],
  [[1, 3], false],
  [[], false],
])("an output of shape %j of three items has rows: %s", (shape, expected) => {
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  expect(hasRows({ kind: "dense", tensor: { dtype: "float32", shape, data }, itemShape: [1] }, 3)).toBe(expected);
});
