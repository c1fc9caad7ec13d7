import { Builder } from "flatbuffers";

/** Adds a field to the table that is being written. */
export type FieldAdder = () => void;

/** FlatBuffers' builder, with fields as values: a table is written at once, after all that it refers to. */
export class FieldBuilder {
  readonly #builder = new Builder(4096);

  table(fieldCount: number, fields: readonly (() => void)[]): number {
    this.#builder.startObject(fieldCount);
    for (const add of fields) add();
    return this.#builder.endObject();
  }

  // Fields with a default value are written, too.
  byteField(slot: number, value: number): () => void {
    return () => this.#builder.addFieldInt8(slot, value, null);
  }

  intField(slot: number, value: number): () => void {
    return () => this.#builder.addFieldInt32(slot, value, null);
  }

  floatField(slot: number, value: number): () => void {
    return () => this.#builder.addFieldFloat32(slot, value, null);
  }

  offsetField(slot: number, offset: number): () => void {
    return () => this.#builder.addFieldOffset(slot, offset, 0);
  }

  /** Room for a reference that is filled in later. */
  addReference(slot: number): void {
    this.#builder.addFieldInt32(slot, 0, null);
  }

  /** The place of what was written last, counted from the end of the file. */
  offset(): number {
    return this.#builder.offset();
  }

  text(value: string): number {
    return this.#builder.createString(value);
  }

  ints(values: readonly number[]): number {
    this.#builder.startVector(4, values.length, 4);
    for (const value of values.toReversed()) this.#builder.addInt32(value);
    return this.#builder.endVector();
  }

  /** Room for a list of references that are filled in later; the first of them is at `place`, counted from the end of the file. */
  referenceList(count: number): { readonly offset: number; readonly place: number } {
    const offset = this.ints(Array.from({ length: count }, () => 0));
    return { offset, place: offset - 4 };
  }

  list(offsets: readonly number[]): number {
    this.#builder.startVector(4, offsets.length, 4);
    for (const offset of offsets.toReversed()) this.#builder.addOffset(offset);
    return this.#builder.endVector();
  }

  finish(root: number): Uint8Array {
    this.#builder.finish(root, "TFL3");
    return this.#builder.asUint8Array();
  }
}
