/**
 * JSON values in the browser's storage, or in memory when that is blocked or full. A visitor who blocks it can still
 * chat; only the next page load starts afresh.
 */
export class SafeStorage {
  #prefix;
  #open;
  /** @type {Map<string, string>} */
  #memory = new Map();

  /**
   * @param {string} prefix of every key
   * @param {() => Storage} [open] throws where storage is blocked
   */
  constructor(prefix, open = () => window.localStorage) {
    this.#prefix = prefix;
    this.#open = open;
  }

  /** @param {string} name */
  key(name) {
    return `${this.#prefix}:${name}`;
  }

  /**
   * @param {string} name
   * @returns {any} null if absent or unreadable
   */
  get(name) {
    const text = this.#memory.get(name) ?? this.#attempt((storage) => storage.getItem(this.key(name)));
    try {
      return text ? JSON.parse(text) : null;
    } catch {
      return null;
    }
  }

  /**
   * @param {string} name
   * @param {unknown} value null removes it
   */
  set(name, value) {
    const text = JSON.stringify(value);
    const kept = this.#attempt((storage) => {
      if (value === null) storage.removeItem(this.key(name));
      else storage.setItem(this.key(name), text);
      return true;
    });
    if (kept) this.#memory.delete(name);
    else this.#memory.set(name, text);
  }

  /**
   * @template T
   * @param {(storage: Storage) => T} use
   * @returns {T | null}
   */
  #attempt(use) {
    try {
      return use(this.#open());
    } catch {
      return null; // blocked (SecurityError) or full (QuotaExceededError)
    }
  }
}
