/** @typedef {{id: string, text: string, payload: string | null, written_at_ms: number}} Unsent */
/** @typedef {"sending" | "waiting" | "behind" | "failed"} UnsentState "waiting" is for a connection, "behind" for the one before */

const ACK_TIMEOUT_MS = 8_000;
/** Short at first: a server that starts again is back within seconds. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 15_000;

/**
 * @param {number} failures before this wait, 0 for the first
 * @param {number} [chance] 0..1
 * @returns {number} ms; doubles each time, spread by a quarter so that visitors don't all return at once
 */
export function waitBeforeRetry(failures, chance = Math.random()) {
  return Math.min(FIRST_WAIT_MS * 2 ** Math.min(failures, 10), LONGEST_WAIT_MS) * (0.75 + chance / 2);
}

/**
 * The customer's messages that the server has not acknowledged. They outlive a reload, and every attempt carries the
 * same id, so that the server can tell a repeat. Only the oldest is ever under way: the next one goes when the server
 * has stored it or refused it for good. So they are stored in the order of writing, whatever fails in between.
 */
export class Outbox {
  #storage;
  #transmit;
  #onState;
  #onSilence;
  /** @type {Map<string, Unsent>} in the order of writing */
  #unsent = new Map();
  /** @type {Map<string, UnsentState>} */
  #shown = new Map();
  #isConnected = false;
  #isUnderWay = false;
  /** Shown as failed; an attempt that it makes by itself changes nothing about that until it works. */
  #isFailing = false;
  #failures = 0;
  /** For the ack while the oldest is under way, else for its next attempt. */
  #timer = 0;

  /**
   * @param {object} options
   * @param {import("./safe-storage.js").SafeStorage} options.storage
   * @param {(unsent: Unsent) => boolean} options.transmit false if there is no connection
   * @param {(id: string, state: UnsentState) => void} options.onState
   * @param {() => void} options.onSilence no ack in time, and no error either
   */
  constructor({ storage, transmit, onState, onSilence }) {
    this.#storage = storage;
    this.#transmit = transmit;
    this.#onState = onState;
    this.#onSilence = onSilence;
    for (const unsent of this.#stored()) this.#unsent.set(unsent.id, unsent);
  }

  /** @returns {Unsent[]} */
  get all() {
    return [...this.#unsent.values()];
  }

  /** @returns {string} the id of the one that the server has now, empty if none is on its way */
  get underWay() {
    return this.#isUnderWay ? (this.#oldest?.id ?? "") : "";
  }

  /** @returns {Unsent | undefined} */
  get #oldest() {
    return this.#unsent.values().next().value;
  }

  /** @param {Unsent} unsent */
  add(unsent) {
    this.#unsent.set(unsent.id, unsent);
    this.#storage.set("unsent", [...this.#stored(), unsent]);
    this.send();
  }

  /** Send the oldest now, if it isn't under way. */
  send() {
    const oldest = this.#oldest;
    if (oldest && !this.#isUnderWay) {
      clearTimeout(this.#timer);
      this.#isUnderWay = this.#isConnected = this.#transmit(oldest);
      if (this.#isUnderWay) this.#timer = window.setTimeout(() => this.#hearNothing(), ACK_TIMEOUT_MS);
      else this.#isFailing = false;
    }
    this.#show();
  }

  /** The customer asks for another attempt, and sees it. */
  retry() {
    this.#isFailing = false;
    this.send();
  }

  /** The connection is gone: what was on its way can't be trusted to have arrived. */
  hold() {
    clearTimeout(this.#timer);
    this.#isConnected = this.#isUnderWay = this.#isFailing = false;
    this.#show();
  }

  /** The server could not take the one under way. It stays, and what was written after it waits. */
  failed() {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.send(), waitBeforeRetry(this.#failures));
    this.#failures += 1;
    this.#isUnderWay = false;
    this.#isFailing = true;
    this.#show();
  }

  /** @param {string} id stored by the server, perhaps for another tab; or refused for good */
  remove(id) {
    const wasOldest = this.#oldest?.id === id;
    if (!this.#unsent.delete(id)) return;
    this.#shown.delete(id);
    this.#storage.set(
      "unsent",
      this.#stored().filter((unsent) => unsent.id !== id),
    );
    if (!wasOldest) return;
    clearTimeout(this.#timer);
    this.#isUnderWay = this.#isFailing = false;
    this.#failures = 0;
    this.send();
  }

  #hearNothing() {
    this.failed();
    this.#onSilence();
  }

  /** The oldest is last: what a screen reader hears about it must not be overwritten by the others. */
  #show() {
    for (const { id } of this.all.reverse()) {
      const state = this.#stateOf(id);
      // Failing again may be for another reason.
      if (state === this.#shown.get(id) && state !== "failed") continue;
      this.#shown.set(id, state);
      this.#onState(id, state);
    }
  }

  /**
   * @param {string} id
   * @returns {UnsentState}
   */
  #stateOf(id) {
    if (!this.#isConnected) return "waiting";
    if (!this.#isFailing) return "sending";
    return id === this.#oldest?.id ? "failed" : "behind";
  }

  /**
   * Read again each time: other tabs of the site keep theirs in the same place.
   * @returns {Unsent[]}
   */
  #stored() {
    const stored = this.#storage.get("unsent");
    return Array.isArray(stored) ? stored.filter((unsent) => typeof unsent?.id === "string") : [];
  }
}
