import { element } from "./dom.js";
import { MessageView } from "./message-view.js";
import { QuickReplies } from "./quick-replies.js";

/** @typedef {import("./conversation.js").Entry} Entry */

const GROUP_WITHIN_MS = 5 * 60_000;

/** The messages in order, with the buttons of the last one. */
export class MessageList {
  element = element("ol", { class: "messages" });
  #replies;
  #onRetry;
  /** @type {Map<string, MessageView>} */
  #views = new Map();

  /**
   * @param {object} options
   * @param {(title: string, payload: string | null) => void} options.onChoice
   * @param {() => void} options.onRetry
   */
  constructor({ onChoice, onRetry }) {
    this.#replies = new QuickReplies(onChoice);
    this.#onRetry = onRetry;
  }

  get replies() {
    return this.#replies.element;
  }

  /**
   * New, moved or changed.
   * @param {Entry} entry
   * @param {Entry | undefined} next in the conversation, if it is shown already
   */
  show(entry, next) {
    const view = this.#views.get(entry.id) ?? this.#create(entry);
    view.update();
    this.#place(view, this.#views.get(next?.id ?? ""));
    const last = this.#viewOf(this.element.lastElementChild);
    this.#replies.show(last?.entry.buttons ?? []);
  }

  clear() {
    this.#views.clear();
    this.element.replaceChildren();
    this.#replies.show([]);
  }

  /** @param {Entry} entry */
  #create(entry) {
    const view = new MessageView(entry, this.#onRetry);
    this.#views.set(entry.id, view);
    return view;
  }

  /**
   * Touches the page only if the place changed: a screen reader says a moved message again.
   * @param {MessageView} view
   * @param {MessageView | undefined} next
   */
  #place(view, next) {
    const before = next?.element ?? null;
    if (view.element.isConnected && view.element.nextElementSibling === before) return;
    const left = this.#viewOf(view.element.nextElementSibling);
    this.element.insertBefore(view.element, before);
    for (const changed of [left, view, next]) if (changed) this.#group(changed);
  }

  /** @param {MessageView} view */
  #group(view) {
    const previous = this.#viewOf(view.element.previousElementSibling);
    view.setFirstOfGroup(!previous || !belongTogether(previous.entry, view.entry));
  }

  /** @param {Element | null} row */
  #viewOf(row) {
    return row instanceof HTMLElement ? this.#views.get(row.dataset.id ?? "") : undefined;
  }
}

/**
 * @param {Entry} a
 * @param {Entry} b the one after it
 */
function belongTogether(a, b) {
  const samePerson = a.sender === b.sender && a.agent_name === b.agent_name;
  return samePerson && b.sent_at_ms - a.sent_at_ms < GROUP_WITHIN_MS;
}
