import { readAdapter } from "../adapter.js";
import { measureFirstResult } from "./first-result.js";
import { measureModel } from "./measure-model.js";

const peers = { readAdapter, measureModel, measureFirstResult };

declare global {
  // The script uses it from outside the page.
  var peers: unknown;
}
globalThis.peers = peers;
