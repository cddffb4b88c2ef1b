/** Many conversations at once: how many are chosen, and the bar that does something with them. */

import { showSignedOut } from "./notices.js";
import { byId, say } from "./page.js";

const TIMEOUT_MS = 60_000;
const SHOWN_REFUSED = 3;
const FAILED = "Dat lukte niet. Probeer het zo opnieuw.";

/** Of each conversation that was chosen: the customer's last message then. What came after that is not put away unread. */
const seen = new Map();

const chosen = () => [...byId("rows").querySelectorAll(".row-pick input:checked")];
const rowOf = (box) => box.closest(".conversation-row");

export function showChosen() {
  const many = chosen().length;
  say("bulk-count", many === 0 ? "" : many === 1 ? "1 gesprek gekozen" : `${many} gesprekken gekozen`);
}

function choose(boxes) {
  say("bulk-result", "");
  for (const box of byId("rows").querySelectorAll(".row-pick input")) box.checked = boxes.includes(box);
  // What was refused is shown: another try is about the rows as they are then.
  seen.clear();
  showChosen();
}

function note(box) {
  const row = rowOf(box);
  if (box.checked) seen.set(row.dataset.id, row.dataset.seen);
  else seen.delete(row.dataset.id);
}

function fieldsOf(form) {
  const fields = new URLSearchParams(new FormData(form));
  fields.delete("ids");
  for (const box of chosen()) {
    const { id, seen: now } = rowOf(box).dataset;
    fields.append("ids", `${seen.get(id) ?? now} ${id}`.trim());
  }
  return fields;
}

async function send(form) {
  if (form.hasAttribute("aria-busy")) return;
  form.setAttribute("aria-busy", "true");
  const boxes = chosen();
  try {
    const response = await fetch(form.action, {
      method: "POST",
      headers: { accept: "application/json" },
      body: fieldsOf(form),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.status === 401) return showSignedOut();
    if (!response.ok) return say("bulk-result", FAILED);
    const { done, refused } = await response.json();
    const failed = refused.map(({ id }) => id);
    // Those that it was not done with stay chosen, for another try.
    choose(boxes.filter((box) => failed.includes(rowOf(box)?.dataset.id)));
    say("bulk-result", resultOf(done, refused));
  } catch {
    say("bulk-result", FAILED);
  } finally {
    form.removeAttribute("aria-busy");
  }
}

function resultOf(done, refused) {
  const text = done === 1 ? "1 gesprek gedaan." : done ? `${done} gesprekken gedaan.` : "";
  const why = refused.slice(0, SHOWN_REFUSED).map((one) => `${one.who}: ${one.why}`);
  const rest = refused.length > SHOWN_REFUSED ? [`En nog ${refused.length - SHOWN_REFUSED}.`] : [];
  return [text, ...(refused.length ? ["Niet gelukt:", ...why, ...rest] : [])].join(" ").trim();
}

export function startBulk() {
  byId("bulk-none").hidden = false;
  byId("bulk-none").addEventListener("click", () => choose([]));
  byId("bulk").addEventListener("submit", (event) => {
    event.preventDefault();
    send(byId("bulk"));
  });
  byId("list").addEventListener("change", ({ target }) => {
    if (!target.closest(".row-pick")) return;
    note(target);
    say("bulk-result", "");
    showChosen();
  });
}
