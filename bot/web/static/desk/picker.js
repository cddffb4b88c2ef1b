/**
 * A list that opens above the box: a field to search in, with the choices below it (the combobox pattern of ARIA).
 *
 * It opens when its sign is typed at the start of a word. Escape closes it, and then the sign and what was typed behind
 * it are just text.
 */

import { byId } from "./page.js";

const SEARCH_MS = 120;

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

export class Picker {
  #options;
  #choices = [];
  #at = 0;
  #timer = null;
  #turn = 0;
  #sign = "";

  /**
   * box: the TextBox. sign: what opens it. label: of the field. search: gives the choices for a query, or a promise of
   * them; each {title, text} and whatever `insert` needs. insert: gives the text for a choice.
   */
  constructor(options) {
    this.#options = options;
    options.box.text.addEventListener("beforeinput", (event) => this.#onInput(event));
  }

  get isOpen() {
    return !byId("picker").hidden && byId("picker").dataset.sign === this.#options.sign;
  }

  /** `sign`: what was typed to open it; empty when a button did. */
  open(sign = "") {
    this.#sign = sign;
    this.field = element("input", { id: "picker-field", type: "text", autocomplete: "off", maxLength: 100 });
    const attributes = {
      role: "combobox",
      "aria-expanded": "true",
      "aria-controls": "picker-list",
      "aria-autocomplete": "list",
    };
    for (const [name, value] of Object.entries(attributes)) this.field.setAttribute(name, value);
    const label = element("label", { htmlFor: "picker-field" }, this.#options.label);
    this.list = element("ul", { id: "picker-list" });
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", this.#options.label);
    this.status = element("p", {});
    this.status.setAttribute("role", "status");
    byId("picker").dataset.sign = this.#options.sign;
    byId("picker").replaceChildren(label, this.field, this.list, this.status);
    byId("picker").hidden = false;
    this.field.addEventListener("input", () => this.#searchSoon());
    this.field.addEventListener("keydown", (event) => this.#onKey(event));
    this.field.addEventListener("blur", () => this.#close(this.#sign && this.#sign + this.field.value, false));
    this.list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    this.list.addEventListener("click", ({ target }) => this.#choose(this.#choices[target.closest("li")?.dataset.at]));
    this.field.focus();
    this.#search();
  }

  #onInput(event) {
    const { text } = this.#options.box;
    if (event.data !== this.#options.sign || text.readOnly || event.isComposing) return;
    const before = text.value.slice(0, text.selectionStart);
    if (before && !/[\s(]$/.test(before)) return;
    event.preventDefault();
    this.open(this.#options.sign);
  }

  #searchSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#search(), SEARCH_MS);
  }

  async #search() {
    const turn = ++this.#turn;
    let found;
    try {
      found = await this.#options.search(this.field.value.trim());
    } catch {
      found = null;
    }
    if (turn !== this.#turn || !this.isOpen) return;
    this.#choices = found ?? [];
    this.#at = 0;
    this.list.replaceChildren(...this.#choices.map((choice, at) => this.#option(choice, at)));
    this.#mark();
    if (!found) this.status.textContent = "Geen verbinding. Probeer het zo opnieuw.";
    else this.status.textContent = found.length ? "" : this.#options.nothing;
  }

  #option({ title, text }, at) {
    const row = element("li", { id: `picker-${at}` }, element("strong", {}, title));
    if (text) row.append(" ", element("span", { className: "option-text" }, text.replace(/\s+/g, " ")));
    row.setAttribute("role", "option");
    row.dataset.at = at;
    return row;
  }

  #mark() {
    for (const [at, row] of [...this.list.children].entries()) row.setAttribute("aria-selected", String(at === this.#at));
    const current = this.list.children[this.#at];
    if (current) this.field.setAttribute("aria-activedescendant", current.id);
    else this.field.removeAttribute("aria-activedescendant");
    current?.scrollIntoView({ block: "nearest" });
  }

  #onKey(event) {
    if (event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && this.#choices.length) this.#at = (this.#at + step + this.#choices.length) % this.#choices.length;
    else if (event.key === "Enter") this.#choose(this.#choices[this.#at]);
    else if (event.key === "Escape") this.#close(this.#sign && this.#sign + this.field.value);
    else if (event.key === "Backspace" && !this.field.value && this.#sign) this.#close("");
    else return;
    event.preventDefault();
    event.stopPropagation();
    if (step) this.#mark();
  }

  #choose(choice) {
    if (choice) this.#close(this.#options.insert(choice));
  }

  #close(text, takeFocus = true) {
    if (!this.isOpen) return;
    clearTimeout(this.#timer);
    this.#turn += 1;
    byId("picker").hidden = true;
    byId("picker").replaceChildren();
    const { box } = this.#options;
    if (text) box.insert(text);
    if (takeFocus) box.text.focus();
  }
}
