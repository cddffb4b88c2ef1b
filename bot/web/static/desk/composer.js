/** The foot of a conversation: the answer to the customer, and the note for colleagues. */

import { startAnswers } from "./answers.js";
import { showLimit } from "./limit.js";
import { startMentions } from "./mentions.js";
import { Missed } from "./missed.js";
import { byId, conversationId } from "./page.js";
import { explain, shortcut } from "./shortcuts.js";
import { TextBox } from "./text-box.js";
import { startViewers, tellTyping } from "./viewers.js";

class Composer {
  #missed;
  /** What is in a box is on its way. */
  #sending = false;

  constructor() {
    this.reply = new TextBox({
      kind: "reply",
      form: "composer",
      text: "reply",
      messageId: "message-id",
      tab: "compose-reply",
      extra: { seen_entry_id: byId("seen-entry-id") },
    });
    this.note = new TextBox({ kind: "note", form: "note-form", text: "note", messageId: "note-id", tab: "compose-note" });
    this.#missed = new Missed(this.reply);
    this.reply.addEventListener("changed", () => this.#replyChanged());
    this.reply.addEventListener("cleared", () => this.#replyChanged());
    this.note.addEventListener("changed", () => !this.note.isEmpty && tellTyping("note"));
    for (const box of [this.reply, this.note]) box.tab.addEventListener("change", () => this.#missed.look());
    this.fit();
    showLimit(this.reply.text);
  }

  start() {
    startAnswers(this.reply);
    startMentions(this.note);
    startViewers();
    shortcut("m", "Schrijf een notitie", () => this.note.show());
    shortcut("a", "Schrijf een antwoord", () => this.reply.show());
    explain("Ctrl+Enter", "Verstuur het antwoord, of bewaar de notitie");
    explain("Escape", "Uit het tekstvak: letters zijn weer sneltoetsen");
  }

  get isOurs() {
    return byId("conversation").dataset.mode === "mine";
  }

  get sending() {
    return this.#sending;
  }

  /** While it is sent nothing is typed: it would be cleared with what is sent. */
  set sending(sending) {
    this.#sending = sending;
    this.#lock();
  }

  /** What goes out is complete now. */
  beforeSending(form) {
    if (form === this.reply.form) this.#missed.beforeSending();
  }

  /** What is shown, after the page changed around it. */
  fit() {
    if (!this.#sending) for (const box of [this.reply, this.note]) box.clearIfArrived();
    this.reply.form.hidden = !this.isOurs && this.reply.isEmpty;
    this.#missed.look();
    this.#lock();
  }

  /** The server's page for `form`; whether it was done. Returns the box that it was about, if it was one of ours. */
  answered(form, page, done) {
    const box = [this.reply, this.note].find((one) => one.form === form);
    if (form.id === "label-form" && done) form.reset();
    if (box && done) box.clear(page.getElementById(box.messageId.id).value);
    else if (box === this.reply && !page.getElementById("missed").hidden) this.#missed.heldBack(page);
    return box;
  }

  focus() {
    if (this.note.isShown) this.note.text.focus();
    else this.reply.text.focus();
  }

  #replyChanged() {
    this.#missed.look();
    showLimit(this.reply.text);
    if (!this.reply.isEmpty && this.isOurs) tellTyping("reply");
  }

  #lock() {
    // What was typed stays to be read and copied.
    this.reply.text.readOnly = this.#sending || byId("conversation").hasAttribute("data-blocked");
    this.note.text.readOnly = this.#sending;
  }
}

/** Null without an open conversation. */
export const composer = conversationId ? new Composer() : null;
