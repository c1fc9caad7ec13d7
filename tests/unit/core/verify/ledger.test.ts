import fc from "fast-check";
import { expect, it } from "vitest";
import {
  addEntry,
  agree,
  beginLedgerCheck,
  EMPTY_LEDGER,
  endLedgerCheck,
  nextCheck,
  removeEntries,
} from "../../../../src/core/verify/ledger.js";

const NOBODY: ReadonlySet<number> = new Set();
const window = { maxEntryCount: 8, maxByteCount: 1000 };

/** What may happen: a result of an owner, due or not; a check that ends well; an owner that waits or leaves. */
const events = fc.array(
  fc.oneof(
    fc.record({ type: fc.constant("add" as const), isDue: fc.boolean(), ownerId: fc.nat(2), byteCount: fc.nat(300) }),
    fc.record({ type: fc.constant("check" as const), idleOwner: fc.nat(2) }),
    fc.record({ type: fc.constant("agree" as const) }),
    fc.record({ type: fc.constant("leave" as const), ownerId: fc.nat(2) }),
  ),
  { maxLength: 60 },
);

it("a result is final only once a later one, or it itself, agreed; and one that is due only itself", () => {
  fc.assert(
    fc.property(events, (happened) => {
      let ledger = EMPTY_LEDGER;
      let count = 0;
      const waiting = new Map<number, { isDue: boolean; ownerId: number; byteCount: number }>();
      for (const event of happened) {
        if (event.type === "add") {
          const { isDue, ownerId, byteCount } = event;
          ledger = addEntry(ledger, { entryId: ++count, isDue, ownerId, byteCount });
          waiting.set(count, { isDue, ownerId, byteCount });
        } else if (event.type === "check") {
          const next = nextCheck(ledger, { idleOwners: new Set([event.idleOwner]), window });
          if (ledger.checkedId !== undefined) expect(next).toBe(undefined);
          else if (next !== undefined) ledger = beginLedgerCheck(ledger, next.entryId);
        } else if (event.type === "agree") {
          if (ledger.checkedId === undefined) continue;
          const checkedId = ledger.checkedId;
          const { ledger: after, finalIds } = agree(endLedgerCheck(ledger), checkedId);
          for (const id of finalIds) {
            expect(id <= checkedId).toBe(true);
            if (id !== checkedId) expect(waiting.get(id)!.isDue).toBe(false);
            expect(waiting.delete(id)).toBe(true);
          }
          ledger = after;
        } else {
          const ids = [...waiting].flatMap(([id, { ownerId }]) => (ownerId === event.ownerId ? id : []));
          for (const id of ids) waiting.delete(id);
          ledger = removeEntries(ledger, new Set(ids));
        }
        expect(ledger.entries.map(({ entryId }) => entryId)).toEqual([...waiting.keys()]);
        expect(ledger.byteCount).toBe([...waiting.values()].reduce((total, { byteCount }) => total + byteCount, 0));
      }
      // As long as somebody waits, checks settle everything.
      const owners = new Set([0, 1, 2]);
      if (ledger.checkedId !== undefined) ledger = agree(endLedgerCheck(ledger), ledger.checkedId).ledger;
      for (let turn = 0; ledger.entries.length > 0; turn++) {
        expect(turn).toBeLessThan(100);
        const next = nextCheck(ledger, { idleOwners: owners, window });
        ledger = agree(ledger, next!.entryId).ledger;
      }
    }),
  );
});

it("a full window is checked though nobody waits", () => {
  let ledger = EMPTY_LEDGER;
  const add = (byteCount: number): void => {
    ledger = addEntry(ledger, { entryId: ledger.entries.length, isDue: false, ownerId: 0, byteCount });
  };
  for (let i = 0; i < 7; i++) add(1);
  expect(nextCheck(ledger, { idleOwners: NOBODY, window })).toBe(undefined);
  add(1);
  expect(nextCheck(ledger, { idleOwners: NOBODY, window })?.entryId).toBe(7);
  ledger = EMPTY_LEDGER;
  add(999);
  expect(nextCheck(ledger, { idleOwners: NOBODY, window })).toBe(undefined);
  add(1);
  expect(nextCheck(ledger, { idleOwners: NOBODY, window })?.entryId).toBe(1);
});
