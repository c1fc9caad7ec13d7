// Whatever a caller passes, and whatever a source yields: every public method rejects with a ShardError.
import { runInNewContext } from "node:vm";
import { describe, expect, it, vi } from "vitest";
import { ShardError } from "../../../src/core/errors.js";
import { fetchLabels, readLabels } from "../../../src/jobs/labels.js";
import { predictPictures } from "../../../src/jobs/predict-pictures.js";
import { streamPictures } from "../../../src/jobs/stream-pictures.js";
import { topK } from "../../../src/jobs/top-k.js";
import type { ModelArtifacts } from "../../../src/model/artifacts.js";
import { inspectModel } from "../../../src/model/inspect-model.js";
import type { Tensor } from "../../../src/protocol/tensors.js";
import { createSharder } from "../../../src/sharder/create-sharder.js";
import type { Sharder } from "../../../src/sharder/sharder.js";
import { deleteJournal, exportJournal, inspectJournal } from "../../../src/sharder/journal/manage-journals.js";
import { rejected } from "../../fixtures/caught.js";
import { batch, negate, negated, start } from "../../fixtures/negating-sharder.js";
import { randomNet } from "../../fixtures/random-net.js";

/** The API as a caller without types sees it. */
type Untyped = Record<string, (...values: unknown[]) => unknown>;
const untyped = (sharder: Sharder): Untyped => sharder as unknown as Untyped;

const throwing = (): object =>
  new Proxy(
    {},
    {
      get: () => {
        throw new TypeError("not to be read");
      },
      ownKeys: () => {
        throw new RangeError("nor listed");
      },
    },
  );
const revoked = (): object => {
  const { proxy, revoke } = Proxy.revocable([], {});
  revoke();
  return proxy;
};
const cyclic = (): object => {
  const list: unknown[] = [];
  list.push(list);
  return list;
};

/** Values that no caller means to pass, by name. */
const HOSTILE: Readonly<Record<string, unknown>> = {
  ...{ undefined, null: null, zero: 0, negative: -1, NaN, empty: "", text: "x", true: true, bigint: 10n },
  ...{ symbol: Symbol("s"), function: () => {}, bare: Object.create(null), throwing: throwing(), revoked: revoked() },
  ...{ cyclic: cyclic(), list: [], nulls: [null], object: {}, noData: { data: null }, badLength: { length: -1 } },
  ...{ huge: { length: 2 ** 40 }, date: new Date(NaN), map: new Map(), view: new DataView(new ArrayBuffer(8)) },
  ...{ floats: new Float32Array(2), proxy: new Proxy(new Float32Array(2), {}) },
};
const hostile = Object.entries(HOSTILE);
/** Tensors with one thing wrong. */
const damaged = ["dtype", "shape", "data", "scale"].flatMap((key) =>
  hostile.map(([name, value]): [string, unknown] => [`${key}: ${name}`, { ...batch(2), [key]: value }]),
);

/** How a call ended. A value that happens to be right may succeed. */
async function outcomeOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
    return "fine";
  } catch (thrown) {
    return thrown instanceof ShardError ? thrown.code : thrown;
  }
}

async function drain(stream: unknown): Promise<void> {
  for await (const each of stream as AsyncIterable<unknown>) void each;
}

/** Fails unless each call has succeeded or been refused for a reason. */
class Outcomes {
  readonly #wrong: string[] = [];

  async check(what: string, call: () => unknown, isOwn: (thrown: unknown) => boolean = () => false): Promise<void> {
    const outcome = await outcomeOf(call);
    // The scripted workers can't trace layers.
    const isExpected = outcome !== "internal" || what.startsWith("inspect(");
    if (typeof outcome === "string" ? !isExpected : !isOwn(outcome)) this.#wrong.push(`${what}: ${String(outcome)}`);
  }

  expectNone(): void {
    expect(this.#wrong).toEqual([]);
  }
}

describe("hostile values", () => {
  it("for the inputs and options of predict, stream and inspect", async () => {
    const { sharder } = await start(negate);
    const api = untyped(sharder);
    const outcomes = new Outcomes();
    const named = [...hostile, ...damaged].flatMap(([name, value]): [string, unknown][] => [
      [name, value],
      [`{ x: ${name} }`, { x: value }],
    ]);
    for (const [name, value] of named) {
      await outcomes.check(`predict(${name})`, () => api.predict!(value));
      await outcomes.check(`stream(${name})`, () => drain(api.stream!([value])));
      await outcomes.check(`inspect(${name})`, () => api.inspect!({ inputs: value }));
    }
    for (const [name, value] of hostile) {
      const options = ["signal", "onProgress", "priority", "order", "onItemError", "journal", "x"].map(
        (key): [string, unknown] => [`{ ${key}: ${name} }`, { [key]: value }],
      );
      for (const [what, each] of [...options, [name, value] as const]) {
        await outcomes.check(`predict(…, ${what})`, () => api.predict!(batch(2), each));
        await outcomes.check(`stream(…, ${what})`, () => drain(api.stream!([batch(2)], each)));
        await outcomes.check(`inspect(${what})`, () => api.inspect!(each));
      }
    }
    outcomes.expectNone();
    expect(await sharder.predict(batch(4))).toEqual({ y: negated(4) });
  });

  it("for sources, iterators and what these give", async () => {
    const { sharder } = await start(negate);
    const api = untyped(sharder);
    const outcomes = new Outcomes();
    // What a step's own getters throw is the source's.
    const isOwn = (thrown: unknown): boolean =>
      thrown instanceof TypeError && /not to be read|revoked/.test(thrown.message);
    for (const [name, value] of hostile) {
      await outcomes.check(`stream(${name})`, () => drain(api.stream!(value)));
      const iterators = [
        value,
        { next: value },
        { next: () => value },
        { next: async () => value },
        { next: () => ({ done: false, value }) },
      ];
      for (const iterator of iterators) {
        for (const symbol of [Symbol.iterator, Symbol.asyncIterator])
          await outcomes.check(`iterator ${name}`, () => drain(api.stream!({ [symbol]: () => iterator })), isOwn);
      }
    }
    outcomes.expectNone();
  });

  it("for everything else", async () => {
    vi.stubGlobal("Worker", class {});
    vi.stubGlobal("location", { href: "http://127.0.0.1:9/" });
    const { sharder } = await start(negate);
    const api = untyped(sharder);
    const outcomes = new Outcomes();
    const free = {
      ...{ inspectJournal, deleteJournal, exportJournal },
      createSharder,
      topK,
      predictPictures,
      streamPictures,
      fetchLabels,
      readLabels,
    } as unknown as Untyped;
    const keys =
      "model workers split cuts inputs requestInit signal verify onProgress weightUrlConverter wrokers".split(" ");
    for (const [name, value] of hostile) {
      for (const method of ["addWorker", "removeWorker", "recut"])
        await outcomes.check(`${method}(${name})`, () => api[method]!(value));
      // Without a model that can be read, nothing is started.
      const model = [new File(["{"], "model.json")];
      // An address would be asked.
      for (const key of keys.slice(typeof value === "string" ? 1 : 0))
        await outcomes.check(`{ ${key}: ${name} }`, () => free.createSharder!({ model, [key]: value }));
      for (const key of ["backend", "engine", "powerPreference"])
        await outcomes.check(`worker ${key}: ${name}`, () =>
          api.addWorker!({ backend: "wasm", engine: "x", [key]: value }),
        );
      await outcomes.check(`createSharder(${name})`, () => free.createSharder!(value));
      if (typeof value !== "string") {
        for (const call of ["inspectJournal", "deleteJournal", "exportJournal"])
          await outcomes.check(`${call}(${name})`, () => free[call]!(value));
      }
      await outcomes.check(`readLabels(${name})`, () => free.readLabels!(value));
      // No server is asked.
      if (typeof value !== "string") await outcomes.check(`fetchLabels(${name})`, () => free.fetchLabels!(value));
      await outcomes.check(`fetchLabels(…, ${name})`, () => free.fetchLabels!("data:,", value));
      for (const values of [[value], [[], value], [batch(2), value], [batch(2), undefined, value]])
        await outcomes.check(`topK(…${name})`, () => free.topK!(...values));
      for (const values of [
        [value, []],
        [sharder, value],
        [sharder, [], value],
        [sharder, [], { scale: value }],
        [sharder, [], { crop: value }],
      ]) {
        await outcomes.check(`predictPictures(…${name})`, () => free.predictPictures!(...values));
        await outcomes.check(`streamPictures(…${name})`, () => drain(free.streamPictures!(...values)));
      }
    }
    outcomes.expectNone();
  });
});

describe("a source that throws", () => {
  it.each<unknown>([undefined, null, 0, "", false, NaN, new RangeError("its own")])(
    "%s ends its stream with just that",
    async (thrown) => {
      const { sharder } = await start(negate);
      async function* source() {
        yield batch(3);
        throw thrown;
      }
      const outcomes = [source, () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(thrown) }) })].map(
        async (make) => {
          try {
            await drain(sharder.stream(make() as AsyncIterable<Tensor>));
            return { end: true };
          } catch (error) {
            return { error };
          }
        },
      );
      expect(await Promise.all(outcomes)).toEqual([{ error: thrown }, { error: thrown }]);
    },
  );
});

describe("memory that can't be had", () => {
  it("for a stream's copies is an error that says so", async () => {
    const { sharder } = await start(negate);
    const input = batch(2);
    const data = Object.defineProperty(new Float32Array(4), "subarray", {
      value: () => {
        throw new RangeError("Array buffer allocation failed");
      },
    });
    await rejected("out-of-memory", drain(sharder.stream([{ ...input, data } as Tensor])), "room", "received none");
    await rejected("out-of-memory", sharder.predict({ ...input, data } as Tensor), "room", "received none");
  });
});

describe("values of another frame", () => {
  const other = runInNewContext("globalThis") as typeof globalThis;

  it("are taken for what they are: arrays, shapes and tensors", async () => {
    const { sharder } = await start(negate);
    const tensor = other.eval(
      "({ dtype: 'float32', shape: [2, 2], data: new Float32Array([0, 0, 1, 1, 9]).subarray(0, 4) })",
    ) as Tensor;
    expect(tensor.data).not.toBeInstanceOf(Float32Array);
    expect(await sharder.predict(tensor)).toEqual({ y: negated(2) });
    const shards: unknown[] = [];
    for await (const { outputs } of sharder.stream([tensor])) shards.push(outputs);
    expect(shards).toEqual([{ y: negated(2) }]);
  });

  it("are taken for what they are: the buffers of artifacts", () => {
    const { weightData, ...artifacts } = randomNet({ seed: 1 });
    const foreign = new other.ArrayBuffer((weightData as ArrayBuffer).byteLength);
    expect(foreign).not.toBeInstanceOf(ArrayBuffer);
    new Uint8Array(foreign).set(new Uint8Array(weightData as ArrayBuffer));
    for (const share of [false, true]) {
      const { wire } = inspectModel({ ...artifacts, weightData: foreign } as ModelArtifacts, share);
      expect(Buffer.compare(new Uint8Array(wire.weightData), new Uint8Array(weightData as ArrayBuffer))).toBe(0);
    }
  });

  it("of the wrong kind are named", async () => {
    const { sharder } = await start(negate);
    const refuse = (data: unknown, ...words: string[]) =>
      rejected("invalid-input", sharder.predict({ ...batch(2), data } as Tensor), ...words);
    await refuse(new other.Float64Array(4), "Float32Array data", "received Float64Array");
    await refuse(
      new Proxy(new Float32Array(4), {}),
      "Float32Array data",
      "received a Proxy of a Float32Array",
      "toRaw",
    );
  });
});
