/** The reply box. */

import { byId, conversationId, desk } from "./page.js";

const TYPING_SENT_MS = 3_000;

/** The typed text is kept for this tab, with the id that goes with it: sending it twice stores it once. */
class ReplyBox {
  #key = `desk-draft:${conversationId}`;
  #typingSentAt = 0;
  /** What is in the box is on its way. */
  sending = false;
  text = byId("reply");
  messageId = byId("message-id");

  constructor() {
    if (!this.text.value) this.#restore();
    this.text.addEventListener("input", () => this.#typed());
    this.text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
      event.preventDefault();
      if (!byId("send").disabled) byId("composer").requestSubmit();
    });
    this.fit();
  }

  get isOurs() {
    return byId("conversation").dataset.mode === "mine";
  }

  /** What is shown, after the page changed around it. */
  fit() {
    // Sent after all, though the answer to the form got lost.
    const arrived = document.querySelector(`[data-message-id="${CSS.escape(this.messageId.value)}"]`);
    if (arrived && !this.sending) this.clear(newMessageId());
    byId("composer").hidden = !this.isOurs && !this.text.value.trim();
    // What was typed stays to be read and copied.
    this.text.readOnly = this.sending || byId("conversation").hasAttribute("data-blocked");
  }

  /** Empty, for the next answer. */
  clear(messageId) {
    this.text.value = "";
    this.messageId.value = messageId;
    this.#save();
  }

  #typed() {
    this.#save();
    if (!this.text.value.trim() || !this.isOurs || Date.now() - this.#typingSentAt < TYPING_SENT_MS) return;
    this.#typingSentAt = Date.now();
    fetch(`${desk.dataset.url}/typing`, { method: "POST" }).catch(() => {});
  }

  #save() {
    try {
      if (this.text.value) {
        sessionStorage.setItem(this.#key, JSON.stringify({ text: this.text.value, messageId: this.messageId.value }));
      } else sessionStorage.removeItem(this.#key);
    } catch {
      // Storage that is full or switched off costs the draft its second copy, no more.
    }
  }

  #restore() {
    try {
      const draft = JSON.parse(sessionStorage.getItem(this.#key));
      if (!draft) return;
      this.text.value = draft.text;
      this.messageId.value = draft.messageId;
    } catch {
      // Not ours, or switched off.
    }
  }
}

/** 128 random bits; crypto.randomUUID is not there on plain http. */
function newMessageId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Null without an open conversation. */
export const composer = conversationId ? new ReplyBox() : null;
