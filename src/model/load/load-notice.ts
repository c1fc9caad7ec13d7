/** Something that failed while a model loaded, and was recovered from. */
export interface LoadNotice {
  readonly code: /** Private mode, an insecure address or a broken profile: the model is downloaded each time. */
    | "cache-unavailable"
    /** The browser has no room for a copy. */
    | "cache-full"
    /** No server answered: the copy of an earlier load is used, which may be out of date. */
    | "offline-copy"
    /** The browser did not answer when it was asked about its GPU: the workers do without. */
    | "gpu-silent";
  /** For people: what happened and what follows from it. */
  readonly message: string;
}
