/** Who else has this conversation open, and who types in it. */

import { desk, say } from "./page.js";

const EVERY_MS = 10_000;
const SOON_MS = 300;
const TYPING_MS = 3_000;

let timer = null;
let typedAt = 0;

async function tell(doing) {
  try {
    const response = await fetch(`${desk.dataset.url}/viewing`, { method: "POST", body: new URLSearchParams({ doing }) });
    if (response.ok) show((await response.json()).others);
  } catch {
    // Next time.
  }
}

function show(others) {
  say("others-here", others.map(({ name, types }) => `${name} ${types ? "typt" : "kijkt mee"}.`).join(" "));
  // Whoever types stops without telling.
  lookAgain(others.some(({ types }) => types) ? TYPING_MS : EVERY_MS);
}

function lookAgain(waitMs) {
  clearTimeout(timer);
  timer = setTimeout(() => (document.hidden ? lookAgain(EVERY_MS) : tell("here")), waitMs);
}

/** An event says that somebody came, left, or began to type. */
export const viewersChanged = () => lookAgain(SOON_MS);

/** Tell that the agent types: colleagues, and of an answer the customer too. */
export function tellTyping(kind) {
  if (Date.now() - typedAt < TYPING_MS) return;
  typedAt = Date.now();
  if (kind === "note") tell("typing");
  else fetch(`${desk.dataset.url}/typing`, { method: "POST" }).catch(() => {});
}

export function startViewers() {
  tell("here");
  window.addEventListener("pagehide", () => {
    navigator.sendBeacon(`${desk.dataset.url}/viewing`, new URLSearchParams({ doing: "gone" }));
  });
  // Back from the browser's history.
  window.addEventListener("pageshow", ({ persisted }) => persisted && tell("here"));
  document.addEventListener("visibilitychange", () => !document.hidden && tell("here"));
}
