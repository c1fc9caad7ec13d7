import type { FlatExtent, FlatTable } from "./flat-table.js";
import { BUFFER, MODEL, OPERATION, OPERATOR, QUANTIZATION, SUBGRAPH, TENSOR } from "./schema.js";

/** Where a file has its operations and tensors, and where its constants. */
export interface TfliteLayout {
  /** The kinds of operations and the subgraphs, with whatever they refer to. */
  readonly tables: FlatExtent;
  /** Constants by buffer, with the numbers of their bytes in front. */
  readonly constants: ReadonlyMap<number, FlatExtent>;
  /** Bytes of constants that lie among the tables. */
  readonly constantsAmongTables: number;
}

/** Find the places of a file's tables and constants. O(tables). */
export function findLayout(model: FlatTable): TfliteLayout {
  const constants = new Map<number, FlatExtent>();
  for (let index = 0; index < model.lengthOf(MODEL.buffers, 4); index++) {
    const place = model.tableAt(MODEL.buffers, index).placeOf(BUFFER.data, 1);
    if (place !== undefined && place.end > place.start + 4) constants.set(index, place);
  }
  const places = [...constants.values()];
  const known = extentOfTables(model);
  // What tables of unknown kinds refer to is near to them: up to the next constants on both sides.
  const start = places.reduce((most, { end }) => (end <= known.start ? Math.max(most, end) : most), 0);
  const end = places.reduce(
    (least, place) => (place.start >= known.end ? Math.min(least, place.start) : least),
    model.fileBytes,
  );
  const constantsAmongTables = places.reduce(
    (sum, place) => (place.start >= start && place.end <= end ? sum + place.end - place.start : sum),
    0,
  );
  return { tables: { start, end }, constants, constantsAmongTables };
}

/** From the first to the last byte of the tables whose kind is known. */
function extentOfTables(model: FlatTable): FlatExtent {
  let [start, end] = [model.fileBytes, 0];
  const reach = (place: FlatExtent | undefined): void => {
    if (place !== undefined) [start, end] = [Math.min(start, place.start), Math.max(end, place.end)];
  };
  const list = (table: FlatTable, field: number, elementBytes: number): void =>
    reach(table.placeOf(field, elementBytes));
  const each = (table: FlatTable, field: number, visit: (entry: FlatTable) => void): void => {
    list(table, field, 4);
    for (let index = 0; index < table.lengthOf(field, 4); index++) {
      const entry = table.tableAt(field, index);
      entry.extents.forEach(reach);
      visit(entry);
    }
  };
  const part = (table: FlatTable, field: number, visit: (found: FlatTable) => void = () => {}): void => {
    const found = table.table(field);
    found?.extents.forEach(reach);
    if (found !== undefined) visit(found);
  };
  each(model, MODEL.operations, (operation) => list(operation, OPERATION.custom, 1));
  each(model, MODEL.subgraphs, (subgraph) => {
    for (const field of [SUBGRAPH.inputs, SUBGRAPH.outputs]) list(subgraph, field, 4);
    list(subgraph, SUBGRAPH.name, 1);
    each(subgraph, SUBGRAPH.tensors, (tensor) => {
      for (const field of [TENSOR.shape, TENSOR.shapeSignature]) list(tensor, field, 4);
      list(tensor, TENSOR.name, 1);
      part(tensor, TENSOR.sparsity);
      part(tensor, TENSOR.quantization, (quantization) => {
        for (const field of [QUANTIZATION.min, QUANTIZATION.max, QUANTIZATION.scale]) list(quantization, field, 4);
        list(quantization, QUANTIZATION.zeroPoint, 8);
        part(quantization, QUANTIZATION.details);
      });
    });
    each(subgraph, SUBGRAPH.operators, (operator) => {
      for (const field of [OPERATOR.inputs, OPERATOR.outputs, OPERATOR.intermediates]) list(operator, field, 4);
      for (const field of [OPERATOR.customOptions, OPERATOR.mutatedInputs]) list(operator, field, 1);
      for (const field of [OPERATOR.options, OPERATOR.laterOptions]) part(operator, field);
    });
  });
  return { start, end };
}
