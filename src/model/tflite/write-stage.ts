import type { FilePart, StageFile } from "../../protocol/model-on-wire.js";
import type { FieldAdder } from "./field-builder.js";
import { FieldBuilder } from "./field-builder.js";
import type { FlatExtent, FlatTable } from "./flat-table.js";
import { BUFFER, METADATA, MODEL, SUBGRAPH } from "./schema.js";
import type { TfliteLayout } from "./table-extent.js";

/** What a stage's file has of the whole's. */
export interface TfliteStage {
  /** Its operators, by their places in the subgraph. */
  readonly operators: readonly number[];
  /** The tensors that enter and leave, by index. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** The buffers of its constants. */
  readonly buffers: ReadonlySet<number>;
  /** Whether its operators run other subgraphs, which only those of the first one may do. */
  readonly runsSubgraphs: boolean;
}

/** A stage's file, and by how much the whole's tables lie further back in it. */
export interface WrittenStage {
  readonly file: StageFile;
  readonly shift: number;
}

const FIELD_COUNTS = { model: 8, subgraph: 5, buffer: 3, note: 2 } as const;
/** TensorFlow Lite asks for constants to begin at multiples of this. */
const ALIGNMENT = 16;

/**
 * Write a stage as a `.tflite` file of its own.
 *
 * References in a FlatBuffer lead forwards, by distances. So the operations and tensors of the whole file go into the stage's as they are,
 * byte for byte; in front of them come the few tables that differ (the first one, the subgraph, its lists and that of the buffers), which
 * refer to them; and behind them come the constants that the stage needs. Tensors keep their numbers, those that the stage has no use for
 * too.
 *
 * @param chosen the index of the subgraph. A stage that runs no others has it alone; one that does has all, by the same numbers. Engines run
 *        the first one where a file has no signatures, so the chosen one must be the first then.
 * O(tables).
 */
export function writeStage(
  model: FlatTable,
  chosen: number,
  { tables, constants }: TfliteLayout,
  { operators, inputs, outputs, buffers, runsSubgraphs }: TfliteStage,
): WrittenStage {
  const builder = new FieldBuilder();
  const subgraph = model.tableAt(MODEL.subgraphs, chosen);
  /** References to fill in: where each is, counted from the end of what is written here, and where it leads to in the whole file. */
  const references: { readonly place: number; readonly target: number }[] = [];
  const refer = (slot: number, target: number): FieldAdder => {
    return () => {
      builder.addReference(slot);
      references.push({ place: builder.offset(), target });
    };
  };
  const referToList = (table: FlatTable, field: number): FieldAdder[] => {
    const place = table.placeOf(field, 1)?.start;
    return place === undefined ? [] : [refer(field, place)];
  };

  const notes = Array.from({ length: model.lengthOf(MODEL.metadata, 4) }, (_, index) => {
    const note = model.tableAt(MODEL.metadata, index);
    return { name: note.text(METADATA.name) ?? "", buffer: note.uint32(METADATA.buffer) };
  });
  const needed = [...new Set([...buffers, ...notes.map(({ buffer }) => buffer)])].filter((each) => constants.has(each));
  // Constants among the tables are there already.
  const isAmong = ({ start, end }: FlatExtent): boolean => start >= tables.start && end <= tables.end;
  const behind = needed.filter((buffer) => !isAmong(constants.get(buffer)!));
  const empty = builder.table(FIELD_COUNTS.buffer, []);
  const bufferTables = new Map(
    needed.map((buffer) => [
      buffer,
      builder.table(FIELD_COUNTS.buffer, [refer(BUFFER.data, constants.get(buffer)!.start)]),
    ]),
  );
  const bufferList = builder.list(
    Array.from({ length: model.lengthOf(MODEL.buffers, 4) }, (_, buffer) => bufferTables.get(buffer) ?? empty),
  );
  const operatorList = builder.referenceList(operators.length);
  for (const [index, operator] of operators.entries()) {
    const { position } = subgraph.tableAt(SUBGRAPH.operators, operator);
    references.push({ place: operatorList.place - 4 * index, target: position });
  }
  const stageTable = builder.table(FIELD_COUNTS.subgraph, [
    ...referToList(subgraph, SUBGRAPH.tensors),
    builder.offsetField(SUBGRAPH.inputs, builder.ints(inputs)),
    builder.offsetField(SUBGRAPH.outputs, builder.ints(outputs)),
    builder.offsetField(SUBGRAPH.operators, operatorList.offset),
    ...referToList(subgraph, SUBGRAPH.name),
  ]);
  const others = runsSubgraphs ? model.lengthOf(MODEL.subgraphs, 4) : 1;
  const subgraphList = builder.referenceList(others);
  for (let index = 1; index < others; index++) {
    const { position } = model.tableAt(MODEL.subgraphs, index);
    references.push({ place: subgraphList.place - 4 * index, target: position });
  }
  const noteList = builder.list(
    notes.map(({ name, buffer }) =>
      builder.table(FIELD_COUNTS.note, [
        builder.offsetField(METADATA.name, builder.text(name)),
        builder.intField(METADATA.buffer, buffer),
      ]),
    ),
  );
  const root = builder.table(FIELD_COUNTS.model, [
    builder.intField(MODEL.version, model.uint32(MODEL.version)),
    ...referToList(model, MODEL.operations),
    builder.offsetField(MODEL.subgraphs, subgraphList.offset),
    builder.offsetField(MODEL.buffers, bufferList),
    builder.offsetField(MODEL.metadata, noteList),
  ]);
  const written = new Uint8Array(builder.finish(root));

  // What asks for a multiple of some bytes is still at one.
  const shift = aligned(written.length - tables.start);
  const parts: FilePart[] = [
    { at: tables.start + shift, byteOffset: tables.start, byteLength: tables.end - tables.start },
  ];
  const places = new Map<number, number>();
  let end = aligned(tables.end + shift);
  for (const buffer of behind) {
    const { start, end: constantEnd } = constants.get(buffer)!;
    // In front of the elements is their number.
    const at = end + ALIGNMENT - 4;
    parts.push({ at, byteOffset: start, byteLength: constantEnd - start });
    places.set(start, at);
    end = aligned(at + constantEnd - start);
  }
  const view = new DataView(written.buffer);
  for (const { place, target } of references) {
    const at = written.length - place;
    view.setUint32(at, (places.get(target) ?? shift + target) - at, true);
  }
  const listAt = written.length - subgraphList.place;
  view.setUint32(listAt, written.length - stageTable - listAt, true);
  return { file: { byteLength: end, parts: [{ at: 0, bytes: written }, ...parts] }, shift };
}

function aligned(offset: number): number {
  return Math.ceil(offset / ALIGNMENT) * ALIGNMENT;
}
