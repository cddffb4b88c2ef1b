import { CloseCode } from "./protocol.js";

/** @typedef {import("./protocol.js").ServerFrame} ServerFrame */
/** @typedef {"idle" | "connecting" | "open" | "waiting" | "refused"} Status "open" only after the server's welcome */

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
const WELCOME_TIMEOUT_MS = 10_000;
const PING_EVERY_MS = 25_000;
const ANSWER_TIMEOUT_MS = 5_000;
/** A connection that lived this long was a good one: the next wait starts small again. */
const STABLE_AFTER_MS = 10_000;

/**
 * @param {number} attempt 0 for the first wait
 * @param {number} [chance] 0..1
 * @returns {number} ms; doubles each time, spread by a quarter so that visitors don't all return at once
 */
export function waitBeforeAttempt(attempt, chance = Math.random()) {
  const wait_ms = FIRST_WAIT_MS * 2 ** Math.min(attempt, 10) * (0.75 + chance / 2);
  return Math.min(LONGEST_WAIT_MS, Math.max(FIRST_WAIT_MS, wait_ms));
}

/** One socket to the server that comes back by itself, until stopped or refused. */
export class Connection {
  #url;
  #hello;
  #onFrame;
  #onStatus;
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {Status} */
  #status = "idle";
  #attempt = 0;
  #welcomed_at_ms = 0;
  #timers = { wait: 0, welcome: 0, ping: 0, answer: 0 };
  /** @type {AbortController | null} */
  #pageEvents = null;

  /**
   * @param {object} options
   * @param {URL} options.url of the socket, ws: or wss:
   * @param {() => object} options.hello the first frame, asked for at every connection
   * @param {(frame: ServerFrame) => void} options.onFrame every frame but pong
   * @param {(status: Status, closeCode: number) => void} options.onStatus
   */
  constructor({ url, hello, onFrame, onStatus }) {
    this.#url = url;
    this.#hello = hello;
    this.#onFrame = onFrame;
    this.#onStatus = onStatus;
  }

  get status() {
    return this.#status;
  }

  /** Connect if that isn't under way. */
  start() {
    if (!this.#pageEvents) this.#followPage();
    if (this.#status === "idle") this.#connect();
  }

  stop() {
    this.#pageEvents?.abort();
    this.#pageEvents = null;
    this.#drop();
    this.#setStatus("idle");
  }

  /** Leave the present socket, if any, and connect without a wait. */
  reconnect() {
    if (this.#status === "idle" || this.#status === "refused") return;
    this.#drop();
    this.#connect();
  }

  /** Find out whether the socket still lives: a phone that changed networks keeps a dead one. */
  probe() {
    if (this.#status === "waiting") this.reconnect();
    if (this.#status !== "open" || this.#timers.answer) return;
    this.send({ type: "ping" });
    this.#timers.answer = window.setTimeout(() => this.reconnect(), ANSWER_TIMEOUT_MS);
  }

  /**
   * @param {object} frame
   * @returns {boolean} false if there is no connection to write to
   */
  send(frame) {
    if (this.#status !== "open" || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  #connect() {
    this.#setStatus("connecting");
    let socket;
    try {
      socket = new WebSocket(this.#url);
    } catch (error) {
      console.error("chat-widget: cannot connect", error); // an http server on an https page, or a strict CSP
      this.#retryLater();
      return;
    }
    this.#socket = socket;
    this.#timers.welcome = window.setTimeout(() => this.#lost(0), WELCOME_TIMEOUT_MS);
    socket.onopen = () => socket.send(JSON.stringify(this.#hello()));
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = (event) => this.#lost(event.code);
  }

  /** @param {unknown} data */
  #receive(data) {
    this.#clear("answer");
    const frame = readFrame(data);
    if (!frame || frame.type === "pong") return;
    if (frame.type === "welcome") this.#welcomed();
    this.#onFrame(frame);
  }

  #welcomed() {
    this.#clear("welcome");
    this.#welcomed_at_ms = Date.now();
    this.#timers.ping = window.setInterval(() => this.probe(), PING_EVERY_MS);
    this.#setStatus("open");
  }

  /** @param {number} closeCode 0 if we gave up waiting */
  #lost(closeCode) {
    const stable = this.#welcomed_at_ms && Date.now() - this.#welcomed_at_ms > STABLE_AFTER_MS;
    if (stable) this.#attempt = 0;
    this.#drop();
    if (closeCode === CloseCode.forbidden) this.#setStatus("refused", closeCode);
    else this.#retryLater(closeCode);
  }

  #retryLater(closeCode = 0) {
    this.#timers.wait = window.setTimeout(() => this.#connect(), waitBeforeAttempt(this.#attempt));
    this.#attempt += 1;
    this.#setStatus("waiting", closeCode);
  }

  /** Forget the socket first: its late events must not reach us. */
  #drop() {
    for (const timer of /** @type {const} */ (["wait", "welcome", "ping", "answer"])) this.#clear(timer);
    this.#welcomed_at_ms = 0;
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  /** @param {"wait" | "welcome" | "ping" | "answer"} name */
  #clear(name) {
    clearTimeout(this.#timers[name]);
    this.#timers[name] = 0;
  }

  /** @param {Status} status */
  #setStatus(status, closeCode = 0) {
    if (this.#status === status) return;
    this.#status = status;
    this.#onStatus(status, closeCode);
  }

  #followPage() {
    this.#pageEvents = new AbortController();
    const { signal } = this.#pageEvents;
    window.addEventListener("online", () => this.probe(), { signal });
    window.addEventListener("offline", () => this.#status === "open" && this.#lost(0), { signal });
    document.addEventListener("visibilitychange", () => !document.hidden && this.probe(), { signal });
    // An open socket would keep the page out of the back/forward cache.
    window.addEventListener("pagehide", () => this.#status !== "refused" && this.#sleep(), { signal });
    window.addEventListener("pageshow", (event) => event.persisted && this.start(), { signal });
  }

  #sleep() {
    this.#drop();
    this.#setStatus("idle");
  }
}

/**
 * @param {unknown} data
 * @returns {ServerFrame | null} null for what isn't a JSON object with a type
 */
function readFrame(data) {
  try {
    const frame = JSON.parse(String(data));
    return typeof frame?.type === "string" ? frame : null;
  } catch {
    return null;
  }
}
