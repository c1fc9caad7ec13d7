import { ShardError } from "./errors.js";

/** A rectangle in pixels: the top left corner and the size. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** One tile: the part of the picture that the model sees, and the part that the result takes from its output. */
export interface Tile {
  /** The window of the picture that the model reads. All tiles of a grid have the same size. */
  readonly window: Rectangle;
  /** The window's pixels that are far enough from its inner edges, in picture coordinates. The cores partition the picture. */
  readonly core: Rectangle;
}

export interface TileGrid {
  readonly tileWidth: number;
  readonly tileHeight: number;
  /** Rows from top to bottom; all tiles of a row share y and height, so that a row is a strip of the picture. */
  readonly rows: readonly (readonly Tile[])[];
}

/**
 * Cut a picture into tiles of one shape whose cores partition it, so that running the tiles and keeping the
 * cores equals running the whole picture, for a convolutional model whose receptive field reaches `halo`
 * pixels to each side. At a border of the picture the window is shifted inward, never padded: there the
 * window's edge is the picture's edge, and the model treats both alike.
 *
 * @param width, height of the picture, pixels, ≥ 1.
 * @param tileSize the most pixels a window may have along a side, > 2·halo.
 * @param halo pixels, ≥ 0.
 * @throws ShardError "invalid-options"
 * Oracle: tests/unit/core/tiles.test.ts covers every pixel once and compares with whole-picture convolution.
 */
export function planTiles(width: number, height: number, tileSize: number, halo: number): TileGrid {
  for (const [name, value, least] of [
    ["width", width, 1],
    ["height", height, 1],
    ["halo", halo, 0],
    ["tileSize", tileSize, 2 * halo + 1],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < least) {
      throw new ShardError(
        "invalid-options",
        `Expected "${name}" to be a whole number ≥ ${least}, received ${value}: correct it.`,
      );
    }
  }
  const columns = planSpans(width, tileSize, halo);
  const rows = planSpans(height, tileSize, halo).map((down) =>
    columns.map((across): Tile => ({
      window: { x: across.start, y: down.start, width: across.size, height: down.size },
      core: { x: across.coreStart, y: down.coreStart, width: across.coreSize, height: down.coreSize },
    })),
  );
  const { window } = rows[0]![0]!;
  return { tileWidth: window.width, tileHeight: window.height, rows };
}

/** Tiles are small enough to show progress and to divide a small picture, and large enough that the halo is not most of the work. */
const SMALLEST_TILE = 128;
const LARGEST_TILE = 256;
/** The number of tiles to aim at, so that each of a few workers gets several. */
const WANTED_TILE_COUNT = 32;

/** A tile size for a picture, pixels along a side, halo included: larger for larger pictures, where fewer pixels are then computed twice. */
export function chooseTileSize(width: number, height: number, halo: number): number {
  const coreSize = Math.round(Math.sqrt((width * height) / WANTED_TILE_COUNT));
  return Math.max(SMALLEST_TILE, Math.min(coreSize + 2 * halo, LARGEST_TILE), 4 * halo);
}

interface Span {
  readonly start: number;
  readonly size: number;
  readonly coreStart: number;
  readonly coreSize: number;
}

/**
 * The tiles along one axis: windows of equal size, and cores that partition 0 … length. With the number of windows that
 * `tileSize` asks for, the windows are as small as can cover the length, since what overlaps is computed twice.
 */
function planSpans(length: number, tileSize: number, halo: number): Span[] {
  if (length <= tileSize) return [{ start: 0, size: length, coreStart: 0, coreSize: length }];
  const count = Math.ceil((length - 2 * halo) / (tileSize - 2 * halo));
  const size = Math.ceil((length - 2 * halo) / count) + 2 * halo;
  const spans: Span[] = [];
  for (let coreStart = 0; coreStart < length;) {
    const start = Math.min(Math.max(0, coreStart - halo), length - size);
    const coreEnd = start + size === length ? length : start + size - halo;
    spans.push({ start, size, coreStart, coreSize: coreEnd - coreStart });
    coreStart = coreEnd;
  }
  return spans;
}
