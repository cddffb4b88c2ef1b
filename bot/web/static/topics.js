/** The forms of topics, livelier: what was typed is not lost. They work without this. */

import { forgetDraft, startDraft } from "./editor/draft.js";

const page = document.querySelector("[data-topic-form]");
if (page.dataset.made) forgetDraft(page.dataset.made);
startDraft(page, document.querySelector("#topic-form"));
