import { OPTION_NAMES } from "./element-options.js";
import { InferenceSharderElement } from "./inference-sharder-element.js";

// The page's address sets the element's attributes, so that a link can choose the workers: ?workers=wasm,webgl
const query = new URLSearchParams(location.search);
for (const element of document.querySelectorAll("inference-sharder")) {
  for (const name of OPTION_NAMES) {
    const value = query.get(name);
    if (value !== null) element.setAttribute(name, value);
  }
}
customElements.define("inference-sharder", InferenceSharderElement);
