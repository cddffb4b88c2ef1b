import { element, setText } from "./dom.js";
import { linkify } from "./linkify.js";
import { texts } from "./texts.js";

/** @typedef {import("./conversation.js").Entry} Entry */

const timeOfDay = new Intl.DateTimeFormat("nl-NL", { hour: "2-digit", minute: "2-digit" });
const dayAndTime = new Intl.DateTimeFormat("nl-NL", {
  weekday: "short",
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});

/** @param {Entry} entry */
export function senderName(entry) {
  if (entry.sender === "customer") return texts.you;
  if (entry.sender === "agent") return entry.agent_name || texts.agent;
  return entry.sender === "assistant" ? texts.assistant : texts.notice;
}

/** One message as a list item. */
export class MessageView {
  #entry;
  #head = element("p", { class: "head" });
  #state = element("p", { class: "state", "aria-live": "off" });
  #onRetry;

  /**
   * @param {Entry} entry
   * @param {() => void} onRetry
   */
  constructor(entry, onRetry) {
    this.#entry = entry;
    this.#onRetry = onRetry;
    const bubble = element("div", { class: "bubble", part: "bubble", dir: "auto" }, ...linkify(entry.text));
    const part = `message message-${entry.sender}`;
    this.element = element("li", { class: "message", part, "data-sender": entry.sender, "data-id": entry.id });
    this.element.append(this.#head, ...picture(entry.image), bubble);
    if (entry.sender === "customer") this.element.append(this.#state);
    this.update();
  }

  get entry() {
    return this.#entry;
  }

  /**
   * Name and time stand above the first message of a group; a screen reader hears the name at each.
   * @param {boolean} isFirst
   */
  setFirstOfGroup(isFirst) {
    if (this.element.dataset.first === String(isFirst)) return;
    this.element.dataset.first = String(isFirst);
    const name = element("bdi", { class: "name" }, senderName(this.#entry));
    this.#head.replaceChildren(name, ...(isFirst ? [" ", timeElement(this.#entry.sent_at_ms)] : []));
  }

  /** Show what changed: only the state ever does. */
  update() {
    const { state, error, retry } = this.#entry;
    const shown = `${state} ${error} ${retry}`;
    if (this.element.dataset.shown === shown) return;
    this.element.dataset.shown = shown;
    this.element.dataset.state = state;
    setText(this.#state, error || texts.states[state]);
    if (state === "failed" && retry) this.#state.append(" ", this.#retryButton());
  }

  #retryButton() {
    const button = element("button", { type: "button", class: "retry", part: "retry" }, texts.retry);
    button.addEventListener("click", this.#onRetry);
    return button;
  }
}

/**
 * Whoever keeps the picture does not hear on which page it is read.
 * @param {Entry["image"]} image
 */
function picture(image) {
  if (!image?.url.startsWith("https://")) return [];
  return [element("img", { class: "picture", part: "picture", src: image.url, alt: image.alt, referrerpolicy: "no-referrer" })];
}

/** @param {number} sent_at_ms */
function timeElement(sent_at_ms) {
  const date = new Date(sent_at_ms);
  const isToday = date.toDateString() === new Date().toDateString();
  const shown = (isToday ? timeOfDay : dayAndTime).format(date);
  return element("time", { datetime: date.toISOString() }, shown);
}
