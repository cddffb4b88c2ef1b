/** The editor's pages, livelier; both work without this. */

import { startAnswer } from "./editor/answer.js";
import { startList } from "./editor/list.js";

const page = document.querySelector("[data-editor]");
if (page?.dataset.editor === "list") startList(page);
if (page?.dataset.editor === "answer") startAnswer(page);
