import { defineInferenceSharder } from "./element.js";
import { OPTION_NAMES } from "./element-options.js";
import { hostOrigin, listenToHost } from "./embed/frame-host.js";
import { ASK_FIRST, foreignAddresses } from "./linked-addresses.js";
import { keepOffline } from "./page/keep-offline.js";
import { showProgressInTitle } from "./page/page-title.js";

// The page's address sets the element's attributes, so that a link can choose the workers: ?workers=wasm,webgl
const query = new URLSearchParams(location.search);
const foreign = foreignAddresses(query, document.baseURI);
const element = document.querySelector("inference-sharder");
if (element !== null) {
  for (const name of OPTION_NAMES) {
    const value = query.get(name);
    if (value !== null) element.setAttribute(name, value);
  }
  // A link may come from anyone.
  if (foreign.length > 0) element.setAttribute(ASK_FIRST, foreign.join(" "));
}
defineInferenceSharder();
const origin = hostOrigin(query, globalThis.origin);
if (element !== null && query.has("embed") && parent !== window && origin !== undefined) {
  listenToHost(element, parent, origin);
}
if (element?.shadowRoot) showProgressInTitle(element.shadowRoot);
keepOffline();
