import type { Outputs, Sharder } from "inference-sharder";
import type { TileGrid } from "../../src/core/tiles.js";

/**
 * Run a ×2 model on a whole picture and on its tiles, and compare every pixel with that of the tiles' cores.
 * @param picture [height, width, 3] float32.
 * @returns the largest absolute difference; infinite if a pixel lies in no core or in several.
 */
export async function stitchedDifference(
  sharder: Sharder,
  picture: Float32Array,
  width: number,
  height: number,
  grid: TileGrid,
): Promise<number> {
  const whole = dataOf(await sharder.predict({ dtype: "float32", shape: [1, height, width, 3], data: picture }));
  const tiles = grid.rows.flat();
  const { tileWidth, tileHeight } = grid;
  const cut = new Float32Array(tiles.length * tileWidth * tileHeight * 3);
  tiles.forEach(({ window }, index) => {
    for (let y = 0; y < tileHeight; y++) {
      const from = ((window.y + y) * width + window.x) * 3;
      cut.set(picture.subarray(from, from + tileWidth * 3), (index * tileHeight + y) * tileWidth * 3);
    }
  });
  const shape = [tiles.length, tileHeight, tileWidth, 3];
  const enlarged = dataOf(await sharder.predict({ dtype: "float32", shape, data: cut }));
  const seen = new Uint8Array(width * height * 4);
  let worst = 0;
  tiles.forEach(({ window, core }, index) => {
    for (let y = 2 * core.y; y < 2 * (core.y + core.height); y++) {
      for (let x = 2 * core.x; x < 2 * (core.x + core.width); x++) {
        seen[y * 2 * width + x]!++;
        const inTile = ((index * 2 * tileHeight + (y - 2 * window.y)) * 2 * tileWidth + (x - 2 * window.x)) * 3;
        const inWhole = (y * 2 * width + x) * 3;
        for (let channel = 0; channel < 3; channel++) {
          worst = Math.max(worst, Math.abs(enlarged[inTile + channel]! - whole[inWhole + channel]!));
        }
      }
    }
  });
  return seen.every((count) => count === 1) ? worst : Infinity;
}

function dataOf(outputs: Outputs): Float32Array {
  const output = Object.values(outputs)[0];
  if (output === undefined || output.dtype === "ragged" || output.dtype !== "float32")
    throw new Error("expected float32 pixels");
  return output.data;
}
