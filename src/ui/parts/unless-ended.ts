/**
 * Change a sharder that its owner may have disposed of: a page can end the one that it has lent at any time.
 * @returns whether the sharder was still there. What else is thrown is passed on.
 */
export function unlessEnded(change: () => void): boolean {
  try {
    change();
    return true;
  } catch (thrown) {
    // By its code, since the sharder may come from another copy of the library.
    if (thrown instanceof Error && "code" in thrown && thrown.code === "disposed") return false;
    throw thrown;
  }
}
