import { element, icon, setText } from "./dom.js";
import { countChars } from "./protocol.js";
import { texts } from "./texts.js";

const MAX_LINES_PX = 140;
/** The counter appears when this part of the room is left. */
const COUNTER_FROM = 0.1;

/** Where the customer writes. */
export class Composer {
  #field = element("textarea", {
    class: "field",
    part: "field",
    id: "field",
    rows: "1",
    placeholder: texts.placeholder,
    enterkeyhint: "send",
    autocomplete: "off",
    dir: "auto",
    "aria-describedby": "counter",
  });
  #counter = element("p", { class: "counter", id: "counter", hidden: true });
  #onSend;
  #onTyping;
  #maxTextChars = 2_000; // until the server's welcome says

  /**
   * @param {object} options
   * @param {(text: string) => void} options.onSend trimmed, not empty, not too long
   * @param {() => void} options.onTyping
   */
  constructor({ onSend, onTyping }) {
    this.#onSend = onSend;
    this.#onTyping = onTyping;
    const send = element(
      "button",
      { type: "submit", class: "send", part: "send", "aria-label": texts.send },
      icon("send"),
    );
    const label = element("label", { class: "out-of-sight", for: "field" }, texts.messageLabel);
    this.element = element("form", { class: "composer", part: "composer" }, label, this.#field, send, this.#counter);
    this.element.addEventListener("submit", (event) => this.#submit(event));
    this.#field.addEventListener("keydown", (event) => this.#press(event));
    this.#field.addEventListener("input", () => this.#changed());
  }

  /** @param {number} maxTextChars */
  set maxTextChars(maxTextChars) {
    this.#maxTextChars = maxTextChars;
    this.#count();
  }

  focus() {
    this.#field.focus({ preventScroll: true });
  }

  /** A field that was filled while it was not shown could not measure itself. */
  grow() {
    this.#field.style.height = "auto";
    const border = this.#field.offsetHeight - this.#field.clientHeight;
    this.#field.style.height = `${Math.min(this.#field.scrollHeight + border, MAX_LINES_PX)}px`;
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    // Enter that ends an IME composition chooses a word; Safari tells only by key code 229.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    if (!event.repeat) this.element.requestSubmit();
  }

  #changed() {
    this.grow();
    this.#count();
    if (this.#field.value.trim()) this.#onTyping();
  }

  /** @param {Event} event */
  #submit(event) {
    event.preventDefault();
    const text = this.#field.value.trim();
    this.focus();
    if (!text) return;
    this.#field.value = "";
    this.grow();
    this.#count();
    this.#onSend(text);
  }

  #count() {
    const left = this.#maxTextChars - countChars(this.#field.value.trim());
    const isNear = left < this.#maxTextChars * COUNTER_FROM;
    this.#counter.hidden = !isNear;
    setText(this.#counter, isNear ? (left < 0 ? texts.charsOver(-left) : texts.charsLeft(left)) : "");
    this.#counter.classList.toggle("over", left < 0);
    this.#field.setAttribute("aria-invalid", String(left < 0));
    this.#field.setCustomValidity(left < 0 ? texts.charsOver(-left) : ""); // the browser refuses to submit, and says why
  }
}
