/** A box that something is written in: the answer to the customer, and the note for colleagues. */

import { Draft } from "./drafts.js";
import { byId } from "./page.js";

export class TextBox extends EventTarget {
  #draft;
  /** form, text and messageId: ids of the elements. label: of the tab that shows the box. extra: more to keep with it. */
  constructor({ kind, form, text, messageId, tab, extra = {} }) {
    super();
    this.form = byId(form);
    this.text = byId(text);
    this.messageId = byId(messageId);
    this.tab = byId(tab);
    this.extra = extra;
    this.#draft = new Draft(kind, () => this.#fields);
    this.#restore();
    this.text.addEventListener("input", () => this.changed());
    this.text.addEventListener("keydown", (event) => this.#onKey(event));
    this.#markTab();
  }

  get isEmpty() {
    return !this.text.value.trim();
  }

  get isShown() {
    return this.tab.checked;
  }

  show() {
    this.tab.checked = true;
    if (!this.form.hidden) this.text.focus();
  }

  /** Put `text` where the cursor is, over what is selected. */
  insert(text) {
    this.text.setRangeText(text, this.text.selectionStart, this.text.selectionEnd, "end");
    this.text.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertText" }));
    this.text.scrollTop = this.text.scrollHeight;
  }

  /** Empty, for the next one. */
  clear(messageId) {
    this.text.value = "";
    this.messageId.value = messageId;
    this.#draft.sent();
    this.#markTab();
    this.dispatchEvent(new Event("cleared"));
  }

  /** Sent after all, though the answer to the form got lost. */
  clearIfArrived() {
    if (document.querySelector(`[data-message-id="${CSS.escape(this.messageId.value)}"]`)) this.clear(newMessageId());
  }

  /** The text or what goes with it is another one. */
  changed() {
    this.#draft.changed();
    this.#markTab();
    this.dispatchEvent(new Event("changed"));
  }

  get #fields() {
    const extra = Object.entries(this.extra).map(([name, element]) => [name, element.value]);
    return { text: this.text.value, message_id: this.messageId.value, ...Object.fromEntries(extra) };
  }

  #restore() {
    const draft = this.#draft.restore();
    if (!draft || draft.message_id === undefined) return;
    this.text.value = draft.text;
    this.messageId.value = draft.message_id;
    for (const [name, element] of Object.entries(this.extra)) if (draft[name]) element.value = draft[name];
    this.#draft.changed();
  }

  #markTab() {
    document.querySelector(`label[for="${this.tab.id}"]`).toggleAttribute("data-typed", !this.isEmpty);
  }

  /** Ctrl + Enter sends this box, and never the other one. Escape leaves it: letters are shortcuts again. */
  #onKey(event) {
    if (event.key === "Escape" && !event.isComposing) return byId("conversation-title").focus({ preventScroll: true });
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    event.preventDefault();
    const button = this.form.querySelector("[type=submit]");
    if (!button.disabled) this.form.requestSubmit(button);
  }
}

/** 128 random bits; crypto.randomUUID is not there on plain http. */
function newMessageId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
