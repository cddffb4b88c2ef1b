/** How much of a message fits in the channel, and what the customer would see of markup. */

import { byId } from "./page.js";

const MARKUP = /\*\*[^*]+\*\*|__[^_]+__|<\/?[a-z][^>]*>|\[[^\]]+\]\([^)]+\)|^#{1,3} /im;
const MARKUP_HINT = "De klant ziet geen opmaak: sterretjes, haakjes en hekjes komen over zoals je ze typt.";

function sizeOf(text, unit) {
  return unit === "utf8" ? new TextEncoder().encode(text).length : text.length;
}

const number = (value) => value.toLocaleString("nl-NL");

/** {text, kind}: what is said below the box; empty while there is nothing to know. */
function hintFor(box) {
  const text = box.value.trim();
  const { limit, unit, limitHint } = box.dataset;
  const size = sizeOf(text, unit);
  if (limit && size > limit) {
    const parts = limitHint.includes("delen");
    const over = parts ? `minstens ${Math.ceil(size / limit)} delen` : `${number(size - limit)} te veel`;
    return { text: `${number(size)} van ${number(Number(limit))} tekens, ${over}. ${limitHint}`, kind: parts ? "over" : "stop" };
  }
  if (MARKUP.test(text)) return { text: MARKUP_HINT, kind: "over" };
  const max = Number(limit ?? box.maxLength);
  return size > max * 0.8 ? { text: `Nog ${number(max - size)} tekens.`, kind: "" } : { text: "", kind: "" };
}

export function showLimit(box) {
  const { text, kind } = hintFor(box);
  const hint = byId("reply-limit");
  if (hint.textContent !== text) hint.textContent = text;
  hint.classList.toggle("limit-over", kind === "over");
  hint.classList.toggle("limit-stop", kind === "stop");
}
