/** What the house style says of each text while it is typed, and its suggestions at one click. */

const SOON_MS = 400;
const CHECK = "/house-style/check";

/**
 * @param {HTMLElement} page
 * @param {HTMLFormElement} form
 */
export function startStyle(page, form) {
  for (const place of form.querySelectorAll("[data-style-of]")) {
    startField(place, form.elements[place.dataset.styleOf], page.dataset.name);
  }
}

/**
 * @param {HTMLElement} place
 * @param {HTMLTextAreaElement} control
 * @param {string} name of the answer
 */
function startField(place, control, name) {
  let timer = 0;
  let asked = 0;
  place.querySelector(".style-summary").setAttribute("aria-live", "polite");
  showButtons(place);

  const refresh = async () => {
    clearTimeout(timer);
    const number = ++asked;
    try {
      const response = await fetch(CHECK, { method: "POST", body: new URLSearchParams({ name, control: control.name, text: control.value }) });
      if (!response.ok) return;
      const html = await response.text();
      // An answer that comes late is of what was typed before.
      if (number === asked) show(place, html);
    } catch {
      // Away for a moment: the next letter asks again.
    }
  };

  control.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(refresh, SOON_MS);
  });
  place.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-better]");
    if (!button) return;
    const [from, to] = [Number(button.dataset.from), Number(button.dataset.to)];
    // Typed in since: what it is about stands elsewhere now.
    if (control.value.slice(from, to) === button.dataset.found) {
      control.focus();
      control.setRangeText(button.dataset.better, from, to, "end");
      control.dispatchEvent(new Event("input", { bubbles: true }));
    }
    refresh();
  });
}

/**
 * @param {HTMLElement} place
 * @param {string} html
 */
function show(place, html) {
  const part = new DOMParser().parseFromString(html, "text/html");
  const summary = place.querySelector(".style-summary");
  const text = part.querySelector(".style-summary").textContent;
  // Said only when it is news to who listens.
  if (summary.textContent !== text) summary.textContent = text;
  place.querySelector(".style-list").replaceWith(document.adoptNode(part.querySelector(".style-list")));
  showButtons(place);
}

/** @param {HTMLElement} place */
function showButtons(place) {
  for (const button of place.querySelectorAll("[data-better]")) button.hidden = false;
}
