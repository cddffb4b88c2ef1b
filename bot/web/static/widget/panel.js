import { element, icon, setText } from "./dom.js";
import { linkify } from "./linkify.js";
import { texts } from "./texts.js";

/** A short break in the connection is not worth a warning. */
const OFFLINE_AFTER_MS = 1_500;
/** The other side says it again while it goes on typing. */
const TYPING_SHOWN_MS = 8_000;

/** The dialog: header, conversation, warnings and the field to write in. */
export class Panel {
  #heading = element("h2", { class: "heading", id: "heading" }, texts.heading);
  #who = element("p", { class: "who", id: "who" });
  #intro = element("p", { class: "bubble intro", dir: "auto" }, texts.intro);
  #typing = element("p", { class: "typing", "aria-live": "off", hidden: true });
  #typingName = element("span", { class: "out-of-sight" });
  #notice = element("p", { class: "notice", part: "notice", role: "alert", dir: "auto" });
  #announcement = element("p", { class: "out-of-sight", role: "status" });
  #connection = element("span", { role: "status" });
  #retry = element("button", { type: "button", class: "retry" }, texts.retryNow);
  #banner = element("div", { class: "banner", part: "banner", role: "status", dir: "auto" });
  #bar = element("div", { class: "bar", part: "bar" }, this.#connection, this.#retry);
  #agentName = "";
  #offlineTimer = 0;
  #typingTimer = 0;

  /**
   * @param {object} options
   * @param {HTMLElement} options.messages
   * @param {HTMLElement} options.replies
   * @param {HTMLElement} options.composer
   * @param {() => void} options.onClose
   * @param {() => void} options.onRetryConnection
   */
  constructor({ messages, replies, composer, onClose, onRetryConnection }) {
    const close = element("button", { type: "button", class: "close", "aria-label": texts.close, title: texts.close });
    close.append(icon("close"));
    close.addEventListener("click", onClose);
    this.#retry.addEventListener("click", onRetryConnection);
    for (const dot of ["1", "2", "3"]) this.#typing.append(element("span", { class: `dot dot-${dot}` }));
    this.#typing.append(this.#typingName);

    const names = element("div", { class: "names" }, this.#heading, this.#who);
    // No <header>: the page around us has its own, and there can be only one.
    const header = element("div", { class: "header", part: "header" }, names, close);
    this.log = element("div", {
      class: "log",
      role: "log",
      "aria-live": "polite",
      "aria-label": texts.log,
      tabindex: "0",
    });
    this.log.append(this.#intro, messages, replies, this.#typing);
    this.newMessages = element("button", { type: "button", class: "new-messages", hidden: true }, texts.newMessages);
    const middle = element("div", { class: "middle" }, this.log, this.newMessages);
    this.dialog = element("dialog", { class: "panel", part: "panel", id: "panel", lang: "nl" });
    this.dialog.setAttribute("aria-labelledby", "heading");
    this.dialog.setAttribute("aria-describedby", "who");
    this.dialog.append(header, this.#bar, this.#banner, middle, this.#notice, composer, this.#announcement);
    this.showOwner("assistant", "");
    this.showStatus("idle");
  }

  /** @param {string} heading */
  set heading(heading) {
    setText(this.#heading, heading);
  }

  /** @param {string} intro */
  set intro(intro) {
    setText(this.#intro, intro);
  }

  /**
   * What was there before the page is not news: no screen reader should read all of it aloud.
   * @param {boolean} isQuiet
   */
  set quiet(isQuiet) {
    this.log.setAttribute("aria-live", isQuiet ? "off" : "polite");
  }

  /**
   * @param {import("./protocol.js").Owner} owner
   * @param {string} agentName
   */
  showOwner(owner, agentName) {
    this.#agentName = agentName;
    setText(this.#who, texts.talkingTo(owner, agentName));
    this.dialog.dataset.owner = owner;
  }

  /** @param {"assistant" | "agent"} sender */
  showTyping(sender) {
    const name = sender === "agent" ? this.#agentName || texts.agent : texts.assistant;
    clearTimeout(this.#typingTimer);
    this.#typing.hidden = false;
    setText(this.#typingName, texts.isTyping(name));
    this.#typingTimer = window.setTimeout(() => this.hideTyping(), TYPING_SHOWN_MS);
  }

  hideTyping() {
    clearTimeout(this.#typingTimer);
    this.#typing.hidden = true;
  }

  /**
   * What every customer must know now, such as a failure.
   * @param {string} text empty takes it away
   */
  showBanner(text) {
    if (this.#banner.textContent !== text) this.#banner.replaceChildren(...linkify(text));
  }

  /** @param {string} text empty takes it away */
  showNotice(text) {
    setText(this.#notice, text);
  }

  /**
   * For a screen reader only: what others see in the conversation.
   * @param {string} text
   */
  announce(text) {
    setText(this.#announcement, text);
  }

  /** @param {import("./connection.js").Status} status */
  showStatus(status) {
    if (status === "waiting" || status === "connecting") {
      this.#offlineTimer ||= window.setTimeout(() => this.#showBar(texts.offline), OFFLINE_AFTER_MS);
      return;
    }
    clearTimeout(this.#offlineTimer);
    this.#offlineTimer = 0;
    this.#showBar(status === "refused" ? texts.refused : "");
    this.#retry.hidden = status === "refused";
  }

  /** @param {string} text empty takes it away */
  #showBar(text) {
    setText(this.#connection, text);
    this.#bar.classList.toggle("shown", Boolean(text));
  }
}
