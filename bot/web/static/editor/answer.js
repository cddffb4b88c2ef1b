/** The form of one answer: counting, the preview, variables at the cursor, typed text that is never lost, colleagues. */

import { startDraft } from "./draft.js";
import { startPresence } from "./presence.js";
import { startPreview } from "./preview.js";
import { startStyle } from "./style.js";

/** @param {HTMLElement} page */
export function startAnswer(page) {
  const form = page.querySelector("#answer-form");
  startPresence(page, form);
  if (!form) return; // removed
  for (const control of form.querySelectorAll("[data-count]")) startCount(control);
  startChips(form);
  startPreview(page, form);
  startStyle(page, form);
  startDraft(page, form);
  page.querySelector(".conflict")?.focus();
}

/**
 * Shows how long the text is, in characters as the server counts them, and what that means on the channels it is for.
 * @param {HTMLInputElement | HTMLTextAreaElement} control
 */
function startCount(control) {
  const most = Number(control.dataset.count);
  const channel = document.getElementById(control.dataset.channel ?? "");
  const count = document.createElement("p");
  count.className = "count";
  control.after(count);
  const show = () => {
    const text = control.value.trim();
    const length = [...text].length;
    const note = length > most ? `${length - most} te veel` : platformNote(control, text, channel?.value ?? "");
    count.textContent = `${length} van ${most} tekens${note && `: ${note}`}`;
    count.classList.toggle("count-over", length > most);
    count.classList.toggle("count-note", length <= most && note !== "");
  };
  control.addEventListener("input", show);
  channel?.addEventListener("change", show);
  show();
}

/**
 * @param {HTMLElement} control
 * @param {string} text
 * @param {string} channel that alone reads it; empty for all
 */
function platformNote(control, text, channel) {
  const reads = (platform) => !channel || channel === platform;
  // As Messenger counts: an emoji is two.
  if (reads("messenger") && text.length > Number(control.dataset.messenger ?? Infinity))
    return "te lang voor één bericht met knoppen in Messenger";
  const bytes = new TextEncoder().encode(text).length;
  if (reads("instagram") && bytes > Number(control.dataset.instagram ?? Infinity))
    return "te lang voor één bericht op Instagram";
  return "";
}

/**
 * The names of variables become buttons that put them where the cursor is, or was last.
 * @param {HTMLFormElement} form
 */
function startChips(form) {
  let last = form.elements.text;
  form.addEventListener("focusin", ({ target }) => {
    if (target instanceof HTMLTextAreaElement) last = target;
  });
  for (const chip of form.querySelectorAll("[data-insert]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = chip.className;
    button.textContent = chip.textContent;
    button.title = "Zet dit in het antwoord";
    button.addEventListener("click", () => {
      last.focus();
      last.setRangeText(chip.dataset.insert, last.selectionStart, last.selectionEnd, "end");
      last.dispatchEvent(new Event("input", { bubbles: true }));
    });
    chip.replaceWith(button);
  }
}
