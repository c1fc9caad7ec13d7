/** Numbers that headers hold and parsers trip over. */
const TELLING_NUMBERS = [0, 1, 0x7f_ff_ff_ff, 0xff_ff_ff_ff, 0x80_00_00_00, 0xff_ff, 96, 2048];

/** Damage a file in one to four ways, chosen at random: single bits, runs, lengths and addresses, missing and doubled parts. */
export function damageBytes(bytes: Uint8Array, random: () => number): Uint8Array<ArrayBuffer> {
  const below = (count: number): number => Math.floor(random() * count);
  let damaged = new Uint8Array(bytes);
  // Headers are mostly at the beginning; what matters of a zip is at its end.
  const place = (): number =>
    [
      below(damaged.length),
      below(Math.min(4096, damaged.length)),
      damaged.length - 1 - below(Math.min(600, damaged.length)),
    ][below(3)]!;
  for (let count = 1 + below(4); count > 0 && damaged.length > 16; count--) {
    const at = place();
    switch (below(7)) {
      case 0:
        damaged[at] = damaged[at]! ^ (1 << below(8));
        break;
      case 1:
        for (let index = 0; index < 1 + below(64); index++) damaged[below(damaged.length)] = below(256);
        break;
      case 2:
        damaged.fill([0, 0xff, below(256)][below(3)]!, at, at + 1 + below(200));
        break;
      case 3: {
        const view = new DataView(damaged.buffer);
        view.setUint32(Math.min(at & ~3, damaged.length - 4), TELLING_NUMBERS[below(TELLING_NUMBERS.length)]!, true);
        break;
      }
      case 4: {
        // An address of something else in the file, which may close a circle.
        const view = new DataView(damaged.buffer);
        view.setUint32(Math.min(at & ~7, damaged.length - 8), below(damaged.length) & ~7, true);
        view.setUint32(Math.min(at & ~7, damaged.length - 8) + 4, 0, true);
        break;
      }
      case 5:
        damaged = damaged.slice(0, below(2) === 0 ? damaged.length - 1 - below(200) : at + 1);
        break;
      default: {
        const length = 1 + below(300);
        const part = damaged.slice(at, at + length);
        const after = below(2) === 0 ? damaged.slice(at) : damaged.slice(at + length);
        damaged = new Uint8Array([...damaged.slice(0, at), ...part, ...after]);
      }
    }
  }
  return damaged;
}
