import { OPTION_NAMES } from "./element-options.js";
import { foreignAddresses } from "./linked-addresses.js";
import { ASK_FIRST, InferenceSharderElement } from "./inference-sharder-element.js";

// The page's address sets the element's attributes, so that a link can choose the workers: ?workers=wasm,webgl
const query = new URLSearchParams(location.search);
const foreign = foreignAddresses(query, document.baseURI);
for (const element of document.querySelectorAll("inference-sharder")) {
  for (const name of OPTION_NAMES) {
    const value = query.get(name);
    if (value !== null) element.setAttribute(name, value);
  }
  // A link may come from anyone.
  if (foreign.length > 0) element.setAttribute(ASK_FIRST, foreign.join(" "));
}
customElements.define("inference-sharder", InferenceSharderElement);
