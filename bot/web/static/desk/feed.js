/** What happens, as the server tells it. */

const SILENCE_MS = 40_000; // the server says something every 15 s

const hearers = new Map();

/**
 * Call `action(event)` for every event of a type: `changes` (ids, rows, counts), `resync` (read everything again),
 * `typing`, `viewing`, `draft`, `notify`, `notified`, `troubles`, `replaced` (this browser hears nothing any more). See
 * bot/web/desk/board.py.
 */
export function hear(type, action) {
  hearers.set(type, [...(hearers.get(type) ?? []), action]);
}

export function tell(event) {
  for (const action of hearers.get(event.type) ?? []) action(event);
}

/**
 * One event stream for all tabs of the browser: over HTTP/1.1 a browser opens six connections to a site, and a seventh
 * tab would wait for ever. The tab that holds the lock has the stream and tells the others; when it closes, the next
 * one gets the lock. Without locks (no https) every tab has its own stream.
 */
export class EventFeed {
  #onEvent;
  #onState;
  #onRefused;
  #source = null;
  #tabs = null;
  #heardAt = Date.now();
  #waitMs = 1_000;
  #replaced = false;

  /** onRefused: the server won't let us listen; perhaps we are signed out. */
  constructor(onEvent, onState, onRefused) {
    this.#onEvent = onEvent;
    this.#onState = onState;
    this.#onRefused = onRefused;
  }

  start() {
    setInterval(() => this.#checkSilence(), 5_000);
    window.addEventListener("online", () => this.#source && !this.#replaced && this.#connect());
    if (!navigator.locks || !window.BroadcastChannel) return this.#connect();
    this.#tabs = new BroadcastChannel("desk-events");
    this.#tabs.onmessage = ({ data }) => this.#hear(data);
    navigator.locks.request("desk-events", () => {
      this.#connect();
      return new Promise(() => {}); // until the tab closes
    });
  }

  #connect() {
    this.#source?.close();
    const source = (this.#source = new EventSource("/desk/events"));
    source.onopen = () => (this.#waitMs = 1_000);
    source.onmessage = ({ data }) => this.#tell(JSON.parse(data));
    source.addEventListener("alive", () => this.#tell({ type: "alive" }));
    source.onerror = () => {
      this.#tell({ type: "lost" });
      // The browser gives up after an HTTP error; we don't.
      if (source.readyState === EventSource.CLOSED && source === this.#source) this.#connectLater();
    };
  }

  #connectLater() {
    this.#onRefused();
    setTimeout(() => this.#connect(), this.#waitMs);
    this.#waitMs = Math.min(this.#waitMs * 2, 15_000);
  }

  /** After `replaced`: listen again, in whichever tab has the stream. */
  resume() {
    if (this.#source) this.#connect();
    else this.#tabs?.postMessage({ type: "resume" });
  }

  /** Whether this tab has the stream; of several tabs one does. */
  get isFirst() {
    return this.#source !== null;
  }

  #tell(event) {
    this.#hear(event);
    this.#tabs?.postMessage(event);
  }

  #hear(event) {
    if (event.type === "resume") return this.#source && this.#connect();
    if (event.type === "lost") return this.#onState(false);
    this.#heardAt = Date.now();
    this.#replaced = event.type === "replaced";
    this.#onState(true);
    if (this.#replaced) this.#source?.close();
    if (event.type !== "alive") this.#onEvent(event);
  }

  /** A laptop that slept, or a network that drops without a word. */
  #checkSilence() {
    if (this.#replaced || Date.now() - this.#heardAt < SILENCE_MS) return;
    this.#onState(false);
    if (this.#source) {
      this.#heardAt = Date.now();
      this.#connect();
    }
  }
}
