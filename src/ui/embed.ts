// The built embed.js: one tag on a page of any origin gives it the element.
//   <script type="module" src="https://…/embed.js"></script>
//   <inference-sharder></inference-sharder>
import { defineInferenceSharder } from "./element.js";

defineInferenceSharder();
