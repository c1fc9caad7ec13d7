/**
 * What every link to a far end does, with any transport of messages. No test runner is needed, so the same cases run in Node
 * and inside a page.
 */
import type { WorkerLink } from "../../src/pool/worker-link.js";
import { check, checkEqual, valueOf } from "./check.js";
import type { EchoApi } from "./echo.js";

export interface OpenedLink {
  readonly link: WorkerLink<EchoApi>;
  /** Whether the far end is still alive, checked without the link. */
  readonly isFarEndAlive: () => Promise<boolean>;
}

export interface WorkerLinkCase {
  readonly title: string;
  /** Resolves if the link behaves as expected. @param open opens a new link with each call. @throws Error saying what it did */
  readonly run: (open: () => Promise<OpenedLink>) => Promise<void>;
}

/** Far longer than anything takes here. */
const PATIENCE_MS = 10_000;
/** Long enough for any late report to arrive. */
const SETTLE_MS = 200;

const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += 10) {
    if (await isSo()) return;
    await after(10);
  }
  throw new Error(`waited in vain for ${what}`);
}

/** Collect the reasons of all reported ends. */
function reasonsOf(link: WorkerLink<EchoApi>): string[] {
  const reasons: string[] = [];
  link.onEnd((reason) => reasons.push(reason));
  return reasons;
}

/** A case in which `end` ends the far end. Its answer, if any, is ignored. */
const endsOnce = (end: (api: EchoApi) => Promise<unknown>, reason?: string): WorkerLinkCase["run"] =>
  async function run(open) {
    const { link } = await open();
    try {
      const reasons = reasonsOf(link);
      valueOf(await link.api.echo("still here", 0));
      checkEqual(reasons, [], "ends");
      end(link.api).catch(() => {});
      await until("the report of an end", () => reasons.length > 0);
      await after(SETTLE_MS);
      checkEqual(reasons.length, 1, "reports of an end,");
      check(/\S/.test(reasons[0]!), "an end without a reason");
      if (reason !== undefined) check(reasons[0]!.includes(reason), `the reason "${reasons[0]}"`);
    } finally {
      link.close();
    }
  };

export const workerLinkContract: readonly WorkerLinkCase[] = [
  {
    title: "matches answers to calls, in whatever order they arrive",
    async run(open) {
      const { link } = await open();
      try {
        const settled: string[] = [];
        const delays = [120, 0, 60];
        const calls = delays.map(async (delayMs) => {
          const text = valueOf(await link.api.echo(`after ${delayMs}`, delayMs));
          settled.push(text);
          return text;
        });
        checkEqual(await Promise.all(calls), ["after 120", "after 0", "after 60"], "answers");
        checkEqual(settled, ["after 0", "after 60", "after 120"], "an order of");
      } finally {
        link.close();
      }
    },
  },
  {
    title: "talks only to its own far end when there are several",
    async run(open) {
      const opened = await Promise.all([open(), open()]);
      const links = opened.map(({ link }) => link);
      try {
        const calls = links.flatMap((link, index) => [link.api.echo(`${index}`, 30), link.api.echo(`${index}`, 0)]);
        checkEqual((await Promise.all(calls)).map(valueOf), ["0", "0", "1", "1"], "answers");
        const reasons = reasonsOf(links[1]!);
        links[0]!.close();
        checkEqual(valueOf(await links[1]!.api.echo("alive", 0)), "alive", "an answer of");
        checkEqual(reasons, [], "ends");
      } finally {
        for (const link of links) link.close();
      }
    },
  },
  { title: "reports a far end that crashes once", run: endsOnce((api) => api.crash()) },
  {
    title: "reports a far end that loses its device once, with its message",
    run: endsOnce((api) => api.loseDevice("the cable came out"), "the cable came out"),
  },
  {
    title: "reports only the first of several ends",
    run: endsOnce(async (api) => {
      await Promise.race([api.loseDevice("first"), after(SETTLE_MS)]);
      await api.crash();
    }, "first"),
  },
  {
    title: "ends its far end without a report when it is closed, and ignores a second close",
    async run(open) {
      const { link, isFarEndAlive } = await open();
      const reasons = reasonsOf(link);
      valueOf(await link.api.echo("here", 0));
      check(await isFarEndAlive(), "no far end, though it has answered");
      link.close();
      link.close();
      await until("the far end's end", async () => !(await isFarEndAlive()));
      await after(SETTLE_MS);
      checkEqual(reasons, [], "ends");
    },
  },
  {
    title: "reports nothing once it is closed, even if a report is on its way",
    async run(open) {
      const { link } = await open();
      const reasons = reasonsOf(link);
      valueOf(await link.api.echo("here", 0));
      for (const end of [link.api.loseDevice("too late"), link.api.crash()]) end.catch(() => {});
      link.close();
      await after(SETTLE_MS);
      checkEqual(reasons, [], "ends");
    },
  },
];
