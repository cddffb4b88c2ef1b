/**
 * Keeps what is typed: on the server a second after typing and when the page goes, and in this tab at once, for when
 * there is no connection.
 */

import { conversationId, desk } from "./page.js";

const SAVE_MS = 1_000;

export class Draft {
  #kind;
  #read;
  #key;
  #timer = null;
  #unsaved = false;

  /** `read`: gives what is to be kept, as fields of the form. */
  constructor(kind, read) {
    this.#kind = kind;
    this.#read = read;
    this.#key = kind === "reply" ? `desk-draft:${conversationId}` : `desk-draft:${kind}:${conversationId}`;
    window.addEventListener("pagehide", () => this.#leave());
    document.addEventListener("visibilitychange", () => document.hidden && this.#leave());
  }

  changed() {
    this.#unsaved = true;
    this.#keepHere();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#save(), SAVE_MS);
  }

  /** It was sent: the server forgets it by itself. */
  sent() {
    clearTimeout(this.#timer);
    this.#unsaved = false;
    this.#keepHere();
  }

  /** What this tab has and the server had not got yet, or null. */
  restore() {
    try {
      const draft = JSON.parse(sessionStorage.getItem(this.#key));
      return draft?.text ? draft : null;
    } catch {
      return null; // Not ours, or switched off.
    }
  }

  get #fields() {
    return new URLSearchParams({ kind: this.#kind, ...this.#read() });
  }

  async #save() {
    const fields = this.#fields;
    try {
      const response = await fetch(`${desk.dataset.url}/draft`, { method: "POST", body: fields });
      // Only what was typed since is not there yet.
      if (response.ok && String(this.#fields) === String(fields)) this.#saved();
      else if (response.status >= 500) this.#again();
    } catch {
      this.#again();
    }
  }

  #saved() {
    this.#unsaved = false;
    this.#keepHere();
  }

  #again() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#save(), 5 * SAVE_MS);
  }

  #leave() {
    if (!this.#unsaved) return;
    clearTimeout(this.#timer);
    navigator.sendBeacon(`${desk.dataset.url}/draft`, this.#fields);
  }

  #keepHere() {
    const { text, ...rest } = this.#read();
    try {
      if (this.#unsaved && text) sessionStorage.setItem(this.#key, JSON.stringify({ text, ...rest }));
      else sessionStorage.removeItem(this.#key);
    } catch {
      // Storage that is full or switched off costs the draft its second copy, no more.
    }
  }
}
