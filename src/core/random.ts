/**
 * Seeded pseudo-random numbers, uniform in 0 ≤ x < 1, for simulations: the same seed gives the same sequence everywhere.
 *
 * @param seed any integer; its lowest 32 bits count.
 * Source: mulberry32 (T. Ettinger, public domain).
 */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
