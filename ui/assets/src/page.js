// Every page's script. Pages work without it: it shows times in the reader's zone, counts down, and lets htmx replace parts.
import htmx from "htmx.org/dist/htmx.esm.js";
import { showTimes } from "./times.js";
import { sayTrouble } from "./trouble.js";

window.htmx = htmx;
Object.assign(htmx.config, {
  allowEval: false, allowScriptTags: false, includeIndicatorStyles: false, selfRequestsOnly: true,
  historyCacheSize: 0, refreshOnHistoryMiss: true,
  responseHandling: [
    { code: "204", swap: false },
    { code: "[23]..", swap: true },
    { code: "422", swap: true }, // a form with its mistakes
    { code: "[45]..", swap: false, error: true },
  ],
});
showTimes(document);
sayTrouble(document);
document.addEventListener("htmx:load", (event) => showTimes(event.detail.elt));
