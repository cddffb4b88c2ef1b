/** The form of one answer: counting, the preview, variables at the cursor, and typed text that is never lost. */

import { startDraft } from "./draft.js";
import { startPreview } from "./preview.js";

/** @param {Element} page */
export function startAnswer(page) {
  const form = page.querySelector("#answer-form");
  for (const control of form.querySelectorAll("[data-count]")) startCount(control);
  for (const chip of form.querySelectorAll("[data-insert]")) startChip(chip, form.elements.text);
  startPreview(page, form);
  startDraft(page, form);
  page.querySelector(".conflict")?.focus();
}

/**
 * Shows how long the text is, in characters as the server counts them.
 * @param {HTMLInputElement | HTMLTextAreaElement} control
 */
function startCount(control) {
  const most = Number(control.dataset.count);
  const messenger = Number(control.dataset.messenger ?? Infinity);
  const count = document.createElement("p");
  count.className = "count";
  control.after(count);
  const show = () => {
    const length = [...control.value.trim()].length;
    count.textContent = `${length} van ${most} tekens`;
    count.classList.toggle("count-over", length > most);
    count.classList.toggle("count-note", length > messenger && length <= most);
    if (length > most) count.textContent += `: ${length - most} te veel`;
    else if (length > messenger) count.textContent += ": te lang voor één bericht met knoppen in Messenger";
  };
  control.addEventListener("input", show);
  show();
}

/**
 * The name of a variable becomes a button that puts it where the cursor is.
 * @param {HTMLElement} chip
 * @param {HTMLTextAreaElement} text
 */
function startChip(chip, text) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = chip.className;
  button.textContent = chip.textContent;
  button.title = "Zet dit in het antwoord";
  button.addEventListener("click", () => {
    text.focus();
    text.setRangeText(chip.dataset.insert, text.selectionStart, text.selectionEnd, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
  });
  chip.replaceWith(button);
}
