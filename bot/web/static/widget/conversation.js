import { compareEntryIds } from "./protocol.js";

/** @typedef {import("./protocol.js").Message} Message */
/** @typedef {"sent" | import("./outbox.js").UnsentState} EntryState */

/**
 * One line of the conversation as the widget knows it.
 * @typedef {object} Entry
 * @property {string} id
 * @property {string} entry_id empty until the server stored it
 * @property {string} place entry id that it is sorted by; empty is last
 * @property {import("./protocol.js").Sender} sender
 * @property {string} text
 * @property {import("./protocol.js").Button[]} buttons
 * @property {{url: string, alt: string} | null} [image] the picture of an answer
 * @property {string} agent_name
 * @property {number} sent_at_ms
 * @property {EntryState} state
 * @property {string} error Dutch, why it can't be sent
 * @property {boolean} retry whether another attempt makes sense
 */

/** What was said, in log order and without repeats; what isn't stored yet comes last. */
export class Conversation {
  /** @type {Entry[]} */
  #entries = [];
  /** @type {Map<string, Entry>} */
  #byId = new Map();
  #lastReceived = "";

  /** @returns {readonly Entry[]} */
  get entries() {
    return this.#entries;
  }

  /**
   * Where to go on after a lost connection. An ack doesn't count: a message of somebody else that was stored before
   * ours may still be on its way.
   */
  get lastReceived() {
    return this.#lastReceived;
  }

  /** @returns {string} the newest entry id of somebody else's message, empty if there is none */
  get lastFromOthers() {
    return this.#entries.findLast((entry) => entry.entry_id && entry.sender !== "customer")?.entry_id ?? "";
  }

  /**
   * @param {string} entry_id
   * @returns {number} messages of others after it
   */
  countFromOthersAfter(entry_id) {
    const isUnread = (/** @type {Entry} */ entry) =>
      entry.entry_id && entry.sender !== "customer" && (!entry_id || compareEntryIds(entry.entry_id, entry_id) > 0);
    return this.#entries.filter(isUnread).length;
  }

  /** @param {string} id */
  get(id) {
    return this.#byId.get(id);
  }

  /** @param {Entry} entry */
  next(entry) {
    return this.#entries[this.#entries.indexOf(entry) + 1];
  }

  /**
   * A message of the log, from anybody.
   * @param {Message} message
   * @returns {{entry: Entry, isNew: boolean}} isNew is false for a repeat and for what we wrote ourselves
   */
  receive(message) {
    if (!this.#lastReceived || compareEntryIds(message.entry_id, this.#lastReceived) > 0) {
      this.#lastReceived = message.entry_id;
    }
    const known = this.#byId.get(message.id);
    if (known) {
      this.stored(known, message.entry_id);
      return { entry: known, isNew: false };
    }
    const entry = this.#add({
      ...message,
      place: message.entry_id,
      buttons: message.buttons ?? [],
      agent_name: message.agent_name ?? "",
      state: "sent",
      error: "",
      retry: false,
    });
    return { entry, isNew: true };
  }

  /**
   * Something the customer just wrote.
   * @param {import("./outbox.js").Unsent} unsent
   */
  write({ id, text, written_at_ms }) {
    return this.#add({
      id,
      entry_id: "",
      place: "",
      sender: "customer",
      text,
      buttons: [],
      agent_name: "",
      sent_at_ms: written_at_ms,
      state: "waiting",
      error: "",
      retry: true,
    });
  }

  /**
   * @param {Entry} entry
   * @param {string} entry_id
   */
  stored(entry, entry_id) {
    entry.state = "sent";
    entry.error = "";
    if (entry.entry_id === entry_id) return;
    entry.entry_id = entry_id;
    this.#move(entry, entry_id);
  }

  /**
   * The server will never take this one: it stays where it is, while the conversation goes on below it.
   * @param {Entry} entry
   */
  refused(entry) {
    const lastStored = this.#entries.findLast((other) => other.entry_id);
    this.#move(entry, lastStored?.entry_id ?? "0-0");
  }

  /** The server started afresh: keep only what it never got. */
  forgetStored() {
    this.#entries = this.#entries.filter((entry) => !entry.entry_id);
    this.#byId = new Map(this.#entries.map((entry) => [entry.id, entry]));
    this.#lastReceived = "";
  }

  /** @param {Entry} entry */
  #add(entry) {
    this.#byId.set(entry.id, entry);
    this.#insert(entry);
    return entry;
  }

  /**
   * @param {Entry} entry
   * @param {string} place
   */
  #move(entry, place) {
    this.#entries.splice(this.#entries.indexOf(entry), 1);
    entry.place = place;
    this.#insert(entry);
  }

  /** @param {Entry} entry */
  #insert(entry) {
    const after = this.#entries.findLastIndex((other) => !comesAfter(other, entry));
    this.#entries.splice(after + 1, 0, entry);
  }
}

/**
 * @param {Entry} a
 * @param {Entry} b
 */
function comesAfter(a, b) {
  if (!b.place) return false;
  return !a.place || compareEntryIds(a.place, b.place) > 0;
}
