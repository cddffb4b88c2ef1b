/** @typedef {{id: string, text: string, payload: string | null, written_at_ms: number}} Unsent */
/** @typedef {"sending" | "waiting" | "failed"} UnsentState "waiting" is for a connection */

const ACK_TIMEOUT_MS = 8_000;
const RETRY_AFTER_MS = 15_000;
const MAX_DOUBLINGS = 3;

/**
 * The customer's messages that the server has not acknowledged. They outlive a reload, and every attempt carries the
 * same id, so that the server can tell a repeat.
 */
export class Outbox {
  #storage;
  #transmit;
  #onState;
  /** @type {Map<string, {unsent: Unsent, timer: number, failures: number}>} in the order of writing */
  #unsent = new Map();

  /**
   * @param {object} options
   * @param {import("./safe-storage.js").SafeStorage} options.storage
   * @param {(unsent: Unsent) => boolean} options.transmit false if there is no connection
   * @param {(unsent: Unsent, state: UnsentState) => void} options.onState
   */
  constructor({ storage, transmit, onState }) {
    this.#storage = storage;
    this.#transmit = transmit;
    this.#onState = onState;
    for (const unsent of this.#stored()) this.#unsent.set(unsent.id, { unsent, timer: 0, failures: 0 });
  }

  /** @returns {Unsent[]} */
  get all() {
    return Array.from(this.#unsent.values(), ({ unsent }) => unsent);
  }

  /** @param {Unsent} unsent */
  add(unsent) {
    this.#unsent.set(unsent.id, { unsent, timer: 0, failures: 0 });
    this.#storage.set("unsent", [...this.#stored(), unsent]);
    this.send(unsent.id);
  }

  /** @param {string} id of a message that is (still) unsent */
  send(id) {
    const item = this.#unsent.get(id);
    if (!item) return;
    clearTimeout(item.timer);
    const written = this.#transmit(item.unsent);
    if (written) item.timer = window.setTimeout(() => this.failed(id), ACK_TIMEOUT_MS);
    this.#onState(item.unsent, written ? "sending" : "waiting");
  }

  /** Send everything again, in the order of writing. */
  sendAll() {
    for (const id of [...this.#unsent.keys()]) this.send(id);
  }

  /** The connection is gone: nothing of what was on its way can be trusted to have arrived. */
  hold() {
    for (const item of this.#unsent.values()) {
      clearTimeout(item.timer);
      this.#onState(item.unsent, "waiting");
    }
  }

  /**
   * It stays for another attempt: when the customer asks, when the connection comes back, or else after a while.
   * @param {string} id
   */
  failed(id) {
    const item = this.#unsent.get(id);
    if (!item) return;
    clearTimeout(item.timer);
    const wait_ms = RETRY_AFTER_MS * 2 ** Math.min(item.failures, MAX_DOUBLINGS) * (1 + Math.random() / 3);
    item.failures += 1;
    item.timer = window.setTimeout(() => this.send(id), wait_ms);
    this.#onState(item.unsent, "failed");
  }

  /** @param {string} id stored by the server, or refused for good */
  remove(id) {
    clearTimeout(this.#unsent.get(id)?.timer);
    if (!this.#unsent.delete(id)) return;
    this.#storage.set(
      "unsent",
      this.#stored().filter((unsent) => unsent.id !== id),
    );
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
