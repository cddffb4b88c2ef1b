/** Answers of the editors in the reply: `/` or the button lists them, and what is suggested is one key away. */

import { byId, conversationId } from "./page.js";
import { Picker } from "./picker.js";
import { shortcut } from "./shortcuts.js";

async function search(query) {
  const asked = new URLSearchParams({ q: query, conversation: conversationId });
  const response = await fetch(`/desk/templates?${asked}`, { headers: { accept: "application/json" } });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return (await response.json()).answers;
}

/** `box`: the reply's TextBox. */
export function startAnswers(box) {
  const picker = new Picker({
    box,
    sign: "/",
    label: "Zoek een antwoord",
    nothing: "Geen antwoord gevonden.",
    search,
    insert: ({ text }) => text,
  });

  function suggest(number) {
    const link = byId(`suggestion-${number}-link`);
    if (!link || box.text.readOnly) return;
    box.show();
    box.insert(link.dataset.text);
  }

  // What the address put in the box is in it; the address is that of the conversation again.
  if (new URLSearchParams(location.search).has("template")) history.replaceState(null, "", location.pathname);

  byId("conversation").addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const suggestion = event.target.closest(".suggestion");
    const button = event.target.closest("#insert-answer");
    if (!suggestion && !button) return;
    event.preventDefault();
    if (button) picker.open();
    else suggest(suggestion.parentElement.id.split("-")[1]);
  });
  shortcut("/", "Zoek een antwoord om in te voegen", () => {
    if (box.text.readOnly || box.form.hidden) return;
    box.show();
    picker.open();
  });
  for (const number of ["1", "2", "3"]) {
    shortcut(`Alt+${number}`, "Zet een voorgesteld antwoord in de tekst", () => suggest(number), { inText: true });
  }
}
