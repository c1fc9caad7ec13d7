/** What did not go as wished while a model loaded, and kept it from nothing. */
export interface LoadNotice {
  readonly code: /** Private mode, an insecure address or a broken profile: the model is downloaded each time. */
    | "cache-unavailable"
    /** The browser has no room for a copy. */
    | "cache-full"
    /** Nobody answered: the copy of an earlier load is used, which may be out of date. */
    | "offline-copy";
  /** For people: what happened and what it means. */
  readonly message: string;
}
