// Whether a batch is one call or many, which is decided once for each shape, on the page.
import { describe, expect, it } from "vitest";
import { ShardError } from "../../../../src/core/errors.js";
import { BatchModes, hasRows } from "../../../../src/sharder/inputs/batch-modes.js";
import type { PreparedInputs } from "../../../../src/sharder/inputs/prepare-inputs.js";

const inputs = (shapeClass: string, mode: PreparedInputs["mode"] = "batched"): PreparedInputs => ({
  tensors: {},
  itemCount: 3,
  batchedNames: [],
  mode,
  shapeClass,
});

function trial(...answers: (boolean | undefined | Error)[]) {
  const asked: string[] = [];
  const tryBatch = async ({ shapeClass }: PreparedInputs): Promise<boolean | undefined> => {
    asked.push(shapeClass);
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  };
  return { asked, tryBatch };
}

describe("BatchModes", () => {
  it("trusts the file if it promises batches or fixes the batch at 1", async () => {
    const modes = new BatchModes(false);
    const { asked, tryBatch } = trial();
    expect(modes.known(inputs("a"))).toBe("batched");
    expect(await modes.decide(inputs("a", "item-by-item"), tryBatch)).toBe("item-by-item");
    expect(asked).toEqual([]);
  });

  it("tries each shape once", async () => {
    const modes = new BatchModes(true);
    const { asked, tryBatch } = trial(true, false);
    expect(modes.known(inputs("a"))).toBeUndefined();
    for (let i = 0; i < 3; i++) {
      expect(await modes.decide(inputs("a"), tryBatch)).toBe("batched");
      expect(await modes.decide(inputs("b"), tryBatch)).toBe("item-by-item");
    }
    expect(asked).toEqual(["a", "b"]);
  });

  it("decides nothing for later if a trial shows nothing or fails", async () => {
    const modes = new BatchModes(true);
    const { asked, tryBatch } = trial(undefined, new ShardError("model-failed", "no kernel"), true);
    expect(await modes.decide(inputs("a"), tryBatch)).toBe("item-by-item");
    expect(await modes.decide(inputs("a"), tryBatch)).toBe("item-by-item");
    expect(await modes.decide(inputs("a"), tryBatch)).toBe("batched");
    expect(asked).toHaveLength(3);
  });

  it("repeats the trial after a batch has failed, but never after one came out without rows", async () => {
    const modes = new BatchModes(false);
    const { asked, tryBatch } = trial(true);
    modes.doubt(inputs("a"));
    expect(modes.known(inputs("a"))).toBeUndefined();
    expect(await modes.decide(inputs("a"), tryBatch)).toBe("batched");
    expect(modes.known(inputs("b"))).toBe("batched");
    modes.refuse(inputs("a"));
    expect(await modes.decide(inputs("a"), tryBatch)).toBe("item-by-item");
    expect(asked).toHaveLength(1);
  });

  it("asks once where several jobs begin together", async () => {
    const modes = new BatchModes(true);
    const { asked, tryBatch } = trial(true);
    const decided = await Promise.all([1, 2, 3].map(() => modes.decide(inputs("a"), tryBatch)));
    expect([decided, asked]).toEqual([["batched", "batched", "batched"], ["a"]]);
  });

  it("lets no trial undo what a whole batch has shown meanwhile", async () => {
    const modes = new BatchModes(true);
    let answer: (isInvariant: boolean) => void = () => {};
    const deciding = modes.decide(inputs("a"), () => new Promise((resolve) => (answer = resolve)));
    modes.refuse(inputs("a"));
    answer(true);
    expect(await deciding).toBe("item-by-item");
    modes.doubt(inputs("a"));
    expect(modes.known(inputs("a"))).toBe("item-by-item");
  });

  it("asks another worker where the first is lost, and gives up after three", async () => {
    const lost = new ShardError("worker-lost", "gone");
    const modes = new BatchModes(true);
    const first = trial(lost, lost, true);
    expect(await modes.decide(inputs("a"), first.tryBatch)).toBe("batched");
    const second = trial(lost, lost, lost, true);
    expect(await modes.decide(inputs("b"), second.tryBatch)).toBe("item-by-item");
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
