/** Where things are on the canvas, CSS pixels. */
export interface LaneLayout {
  readonly widthPx: number;
  readonly heightPx: number;
  /** Where the time begins; names of the workers are left of it, or above their lane if it is 0. */
  readonly leftPx: number;
  /** Width of the time. */
  readonly timePx: number;
  /** The strip with marks and labels of the time, above the lanes. */
  readonly headPx: number;
  readonly lanePx: number;
  /** Of a lane, what the name takes above the boxes. */
  readonly namePx: number;
  readonly boxPx: number;
  readonly laneCount: number;
}

const HEAD_PX = 40;
const BOX_PX = 22;
const GAP_PX = 8;
const NAME_PX = 18;
/** Narrower canvases have the names above the lanes. */
const NARROW_PX = 480;
const GUTTER_PX = 96;
const RIGHT_PX = 4;

export function layOutLanes(widthPx: number, laneCount: number): LaneLayout {
  const isNarrow = widthPx < NARROW_PX;
  const namePx = isNarrow ? NAME_PX : 0;
  const lanePx = namePx + BOX_PX + GAP_PX;
  const leftPx = isNarrow ? 0 : GUTTER_PX;
  return {
    widthPx,
    // Room for two workers from the beginning, so that what is below stays where it is.
    heightPx: HEAD_PX + lanePx * Math.max(2, laneCount),
    leftPx,
    timePx: Math.max(1, widthPx - leftPx - RIGHT_PX),
    headPx: HEAD_PX,
    lanePx,
    namePx,
    boxPx: BOX_PX,
    laneCount,
  };
}

/** The upper end of a lane's boxes. */
export function boxTopPx({ headPx, lanePx, namePx }: LaneLayout, row: number): number {
  return headPx + row * lanePx + namePx;
}

/** The lane at a height; -1 above the lanes, `undefined` below them. */
export function rowAt({ headPx, lanePx, laneCount }: LaneLayout, y: number): number | undefined {
  if (y < headPx) return -1;
  const row = Math.floor((y - headPx) / lanePx);
  return row < laneCount ? row : undefined;
}
