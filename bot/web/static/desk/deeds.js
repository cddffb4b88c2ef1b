/** The menus above a conversation: keys open them, and what was done closes them. */

import { byId } from "./page.js";
import { shortcut } from "./shortcuts.js";

const MENUS = {
  t: ["transfer-menu", "Stuur het gesprek door"],
  l: ["later-menu", "Leg het gesprek weg tot later"],
  p: ["more-menu", "Prioriteit, herinnering en mail"],
  e: ["close-menu", "Sluit het gesprek"],
};

/** Nothing happens when this conversation has no such menu. */
function openMenu(id, first = ".menu-items :is(select, button)") {
  const menu = byId(id);
  if (!menu) return;
  for (const other of document.querySelectorAll("details.menu[open]")) if (other !== menu) other.open = false;
  menu.open = true;
  menu.querySelector(first)?.focus();
}

/** After a deed: its menu is as it was, and has the focus. Returns whether the form was in one. */
export function closeMenu(form) {
  const menu = form.closest("details.deed");
  if (!menu) return false;
  form.reset();
  menu.open = false;
  menu.querySelector("summary").focus({ preventScroll: true });
  return true;
}

/** At once when it waits; from a colleague only the way there. */
function take() {
  const confirm = byId("takeover");
  if (confirm) confirm.open = true;
  const button = byId("action-claim")?.querySelector("button");
  if (confirm) button?.focus();
  else button?.click();
}

export function startDeeds() {
  shortcut("o", "Neem het gesprek over", take);
  for (const [key, [id, description]] of Object.entries(MENUS)) shortcut(key, description, () => openMenu(id));
  // Only the way there: one key must not end a talk.
  shortcut("h", "Geef het gesprek terug aan de assistent", () => openMenu("transfer-menu", "#action-hand-back button"));
}
