/** Many conversations at once: how many are chosen, and the bar that does something with them. */

import { showSignedOut } from "./notices.js";
import { byId, say } from "./page.js";

const TIMEOUT_MS = 60_000;
const SHOWN_REFUSED = 3;
const FAILED = "Dat lukte niet. Probeer het zo opnieuw.";

const chosen = () => [...byId("rows").querySelectorAll(".row-pick input:checked")];

export function showChosen() {
  const many = chosen().length;
  say("bulk-count", many === 0 ? "" : many === 1 ? "1 gesprek gekozen" : `${many} gesprekken gekozen`);
  if (many) say("bulk-result", "");
}

function choose(boxes) {
  for (const box of byId("rows").querySelectorAll(".row-pick input")) box.checked = boxes.includes(box);
  showChosen();
}

async function send(form) {
  if (form.hasAttribute("aria-busy")) return;
  form.setAttribute("aria-busy", "true");
  const boxes = chosen();
  try {
    const response = await fetch(form.action, {
      method: "POST",
      headers: { accept: "application/json" },
      body: new URLSearchParams(new FormData(form)),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.status === 401) return showSignedOut();
    if (!response.ok) return say("bulk-result", FAILED);
    const { done, refused } = await response.json();
    const failed = refused.map(({ id }) => id);
    // Those that it was not done with stay chosen, for another try.
    choose(boxes.filter((box) => failed.includes(box.value)));
    say("bulk-result", resultOf(done, refused));
  } catch {
    say("bulk-result", FAILED);
  } finally {
    form.removeAttribute("aria-busy");
  }
}

function resultOf(done, refused) {
  const text = done === 1 ? "1 gesprek gedaan." : `${done} gesprekken gedaan.`;
  const why = refused.slice(0, SHOWN_REFUSED).map((one) => `${one.who}: ${one.why}`);
  const rest = refused.length > SHOWN_REFUSED ? [`En nog ${refused.length - SHOWN_REFUSED}.`] : [];
  return [text, ...(refused.length ? ["Niet gelukt:", ...why, ...rest] : [])].join(" ");
}

export function startBulk() {
  byId("bulk-none").hidden = false;
  byId("bulk-none").addEventListener("click", () => choose([]));
  byId("bulk").addEventListener("submit", (event) => {
    event.preventDefault();
    send(byId("bulk"));
  });
  byId("list").addEventListener("change", ({ target }) => {
    if (target.closest(".row-pick")) showChosen();
  });
}
