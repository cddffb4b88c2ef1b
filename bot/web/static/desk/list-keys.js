/** The list by keyboard. */

import { byId } from "./page.js";
import { rows } from "./rows.js";
import { shortcut } from "./shortcuts.js";

function focusRow(step) {
  const links = rows().map((row) => row.querySelector("a"));
  const focused = links.findIndex((link) => link.closest("li").contains(document.activeElement));
  const open = links.findIndex((link) => link.hasAttribute("aria-current"));
  const from = focused >= 0 ? focused : open;
  const to = from < 0 ? 0 : Math.min(links.length - 1, Math.max(0, from + step));
  links[to]?.focus();
  links[to]?.scrollIntoView({ block: "nearest" });
}

/** Behind the last comes the first: who was answered goes down, and who waits longest stands on top. */
function openRow(step) {
  const links = rows().map((row) => row.querySelector("a"));
  const open = links.findIndex((link) => link.hasAttribute("aria-current"));
  const to = open < 0 ? 0 : (open + step + links.length) % links.length;
  // The place in the page has the focus: the agent types on.
  if (links.length && to !== open) location.assign(`${links[to].href}#reply`);
}

function pickFocused() {
  const box = document.activeElement?.closest(".conversation-row")?.querySelector("input");
  box?.click();
}

const VIEWS = { w: "waiting", m: "mine", l: "later", a: "open", c: "colleagues", b: "assistant", s: "closed" };

export function startListKeys() {
  shortcut("j", "Naar het volgende gesprek in de lijst", () => focusRow(1));
  shortcut("k", "Naar het vorige gesprek in de lijst", () => focusRow(-1));
  shortcut("Alt+ArrowDown", "Open het volgende gesprek, ook terwijl je typt", () => openRow(1), { inText: true });
  shortcut("Alt+ArrowUp", "Open het vorige gesprek, ook terwijl je typt", () => openRow(-1), { inText: true });
  shortcut("x", "Kies het gesprek in de lijst", pickFocused);
  shortcut("n", "Volgende voor mij", () => byId("next-form").requestSubmit());
  shortcut("s", "Zoek", () => byId("search-q").focus());
  for (const [key, view] of Object.entries(VIEWS)) {
    const link = byId(`tab-${view}`).querySelector("a");
    const title = link.firstChild.data.trim();
    shortcut(`g ${key}`, `Ga naar ${title}`, () => byId(`tab-${view}`).querySelector("a").click());
  }
  byId("list").addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !event.target.closest(".conversation-row")) return;
    event.preventDefault();
    focusRow(step);
  });
}
