/** What the customer wrote while the agent was typing: shown before the answer goes out. */

import { byId } from "./page.js";

// Who sends within this time did not see what just came.
const READ_MS = 1_000;

export class Missed {
  #box;
  // What an answer was held back for: it stays in view until the answer is sent.
  #heldFor = "";
  #changedAt = 0;

  /** `box`: the reply's TextBox. */
  constructor(box) {
    this.#box = box;
    this.seen = byId("seen-entry-id");
    this.#heldFor = byId("missed-text").textContent;
  }

  get #newest() {
    return byId("conversation").dataset.customerEntryId;
  }

  /** Look again, after the page or the text changed. */
  look() {
    // Who reads earlier messages does not see what comes.
    if (this.#box.isEmpty && !byId("transcript-newest")) {
      this.seen.value = this.#newest;
      this.#heldFor = "";
    }
    this.#show([this.#heldFor, ...this.#textsSince(this.seen.value)].filter(Boolean).join("\n"));
  }

  /** The answer is about to go. Who had the time to read what came means to send it all the same. */
  beforeSending() {
    if (!byId("missed").hidden && Date.now() - this.#changedAt > READ_MS) this.seen.value = this.#newest;
  }

  /** The server held the answer back, and its page says why. */
  heldBack(page) {
    this.seen.value = page.getElementById("seen-entry-id").value;
    this.#heldFor = page.getElementById("missed-text").textContent;
  }

  #show(text) {
    const place = byId("missed-text");
    if (place.textContent !== text) {
      place.textContent = text;
      this.#changedAt = Date.now();
    }
    byId("missed").hidden = !text;
    byId("send-label").textContent = text ? "Toch versturen" : "Versturen";
  }

  #textsSince(entryId) {
    const seen = byId(`message-${entryId}`);
    if (!seen || entryId === this.#newest) return [];
    const lines = [...document.querySelectorAll("#transcript > .message-customer")];
    const since = lines.filter((line) => seen.compareDocumentPosition(line) & Node.DOCUMENT_POSITION_FOLLOWING);
    return since.map((line) => line.querySelector(".bubble")?.textContent ?? "[bijlage]");
  }
}
