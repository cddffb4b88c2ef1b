/** Fetches a fragment again: not too often, never twice at once. */

import { showSignedOut } from "./notices.js";
import { parse } from "./page.js";

const REFRESH_MS = 250; // no more than four refreshes a second
const RETRY_MS = 3_000;

export class Refresher {
  #url;
  #show;
  #timer = null;
  #busy = false;
  #again = false;
  #startedAt = 0;
  #turn = 0;
  #onSettled;

  /** onSettled: there is an answer and it is shown, or there is none. */
  constructor(url, show, onSettled = () => {}) {
    this.#url = url;
    this.#show = show;
    this.#onSettled = onSettled;
  }

  /** Whether what will be shown next was asked for already, and so may be older than what the page hears now. */
  get busy() {
    return this.#busy;
  }

  request(waitMs = this.#startedAt + REFRESH_MS - Date.now()) {
    if (this.#busy) this.#again = true;
    else this.#timer ??= setTimeout(() => this.#run(), Math.max(0, waitMs));
  }

  /** What is on its way is older than what the page just got. */
  supersede() {
    this.#turn += 1;
  }

  async #run() {
    this.#timer = null;
    this.#busy = true;
    this.#again = false;
    this.#startedAt = Date.now();
    const turn = this.#turn;
    let failed = false;
    try {
      const response = await fetch(this.#url(), { headers: { "x-fragment": "1" } });
      if (response.status === 401) return showSignedOut();
      if (response.ok) {
        const html = await response.text();
        if (turn === this.#turn) this.#show(parse(html));
      } else failed = response.status >= 500;
    } catch {
      failed = true;
    } finally {
      this.#busy = false;
      this.#onSettled();
    }
    if (failed) this.request(RETRY_MS);
    else if (this.#again) this.request();
  }
}
