type TraceArgs = Readonly<Record<string, string | number | boolean | undefined>>;

interface TraceEventBase {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly cat?: string;
  readonly args?: TraceArgs;
}

/**
 * An event of the Trace Event Format, which Perfetto and chrome://tracing read. Times in µs.
 * Source: "Trace Event Format", docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU.
 */
export type TraceEvent =
  /** Metadata: names of processes and threads, and their order. */
  | (TraceEventBase & { readonly ph: "M" })
  /** Complete: something with a duration. */
  | TraceSlice
  /** Instant. Its scope is a thread, or the process. */
  | (TraceEventBase & { readonly ph: "i"; readonly ts: number; readonly s: "t" | "p" })
  /** Counter. */
  | (TraceEventBase & { readonly ph: "C"; readonly ts: number })
  /** Beginning and end of an arrow, each within a slice; `bp: "e"`: the slice that encloses it. */
  | (TraceEventBase & { readonly ph: "s"; readonly ts: number; readonly id: string; readonly cat: string })
  | (TraceEventBase & {
      readonly ph: "f";
      readonly bp: "e";
      readonly ts: number;
      readonly id: string;
      readonly cat: string;
    })
  /** Beginning and end of something that may overlap others of its kind. */
  | (TraceEventBase & { readonly ph: "b" | "e"; readonly ts: number; readonly id: string; readonly cat: string });

export interface TraceSlice extends TraceEventBase {
  readonly ph: "X";
  readonly ts: number;
  readonly dur: number;
}
