// Damaged .h5, .keras and zip files. All of them are opened in tests/long, and some in a page, in tests/browser.
import { expect, it } from "vitest";
import { containerCases } from "../../../fuzz/container-cases.js";
import { kerasFile, readFiles } from "../../../fixtures/read-container.js";
import { openDamaged } from "../../../fixtures/open-damaged.js";

const all = containerCases();
const isKnown = ({ name }: { readonly name: string }): boolean => !/random \d+$/.test(name);
const some = all.filter((each, index) => isKnown(each) || index % 5 === 0);

it(
  `${some.length} of ${all.length} damaged files each end in a ShardError, or can be read`,
  { timeout: 30_000 },
  async () => {
    const bytesBefore = process.memoryUsage().rss;
    const failures: string[] = [];
    for (const each of some) failures.push(...[await openDamaged(each)].filter((failure) => failure !== undefined));
    expect(failures).toEqual([]);
    expect(all.length).toBeGreaterThanOrEqual(200);
    expect(some.length).toBeGreaterThanOrEqual(60);
    expect(process.memoryUsage().rss).toBeLessThan(bytesBefore + 2 ** 29);
    // None of them has left the reader in a state in which it refuses sound files.
    expect((await readFiles(kerasFile("keras2.h5"))).weightSpecs).toHaveLength(12);
  },
);
