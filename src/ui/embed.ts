/**
 * The built embed.js: one tag on a page of any origin gives it the element,
 * `<script type="module" src="https://…/embed.js"></script>`, and a script that imports it has the whole library.
 *
 * @module
 */
import { defineInferenceSharder } from "./element.js";

export * from "../index.js";
export * from "./element.js";

defineInferenceSharder();
