import { ChatSession } from "./chat-session.js";
import { Composer } from "./composer.js";
import { CUSTOMER_ATTRIBUTES, customerOf } from "./customer.js";
import { Launcher } from "./launcher.js";
import { MessageList } from "./message-list.js";
import { Panel } from "./panel.js";
import { SafeStorage } from "./safe-storage.js";
import { Sheet } from "./sheet.js";
import { StickyScroll } from "./sticky-scroll.js";
import { styles } from "./styles.js";
import { texts } from "./texts.js";

/** @typedef {import("./conversation.js").Entry} Entry */

/** Where these modules came from is where the chat lives, unless the attribute says otherwise. */
const HOME = new URL("../../", import.meta.url);

/**
 * A chat with the assistant, and with a human behind it.
 *
 * Attributes: `server` address of the chat server, default where this file came from; `label` of the round button;
 * `heading` and `intro` of the window; `open` opens it with the page, and tells whether it is open; `data-customer-id`,
 * `-hash`, `-name` and `-email` say who is signed in on the page.
 * Methods: open(), close(), toggle(), ask(text).
 * Events, all bubbling and composed: `chat-opened`, `chat-closed`, and `chat-message` with
 * detail {id, sender, text, agentName, sentAtMs} for each message from now on, the customer's own too.
 * Custom properties and parts: see styles.js.
 */
export class ChatWidgetElement extends HTMLElement {
  static observedAttributes = ["server", "label", "heading", "intro", ...CUSTOMER_ATTRIBUTES];

  #list = new MessageList({
    onChoice: (title, payload) => this.#choose(title, payload),
    onRetry: () => this.#retry(),
  });
  #composer = new Composer({
    onSend: (text) => this.#send(text, null),
    onTyping: () => this.#session?.typing(),
  });
  #panel = new Panel({
    messages: this.#list.element,
    replies: this.#list.replies,
    composer: this.#composer.element,
    onClose: () => this.close(),
    onRetryConnection: () => this.#retryConnection(),
  });
  #launcher = new Launcher(() => this.toggle());
  #sheet = new Sheet(this.#panel.dialog);
  #scroll = new StickyScroll({
    scroller: this.#panel.log,
    newMessages: this.#panel.newMessages,
    onReachEnd: () => this.#session?.markRead(),
  });
  /** Per tab: a chat that was open stays open on the next page. */
  #tab = new SafeStorage("vraagbaak", () => window.sessionStorage);
  /** @type {ChatSession | null} */
  #session = null;
  /** @type {AbortController | null} */
  #pageEvents = null;
  /** A page sets one attribute at a time. */
  #customerChanges = false;
  /** During a welcome: whether it brought anything new. Null otherwise. */
  #many = /** @type {{news: boolean} | null} */ (null);

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [styles];
    root.append(...this.#launcher.elements, this.#panel.dialog);
    root.addEventListener("keydown", (event) => this.#press(/** @type {KeyboardEvent} */ (event)));
    this.#panel.dialog.addEventListener("cancel", (event) => this.#cancel(event));
    this.#panel.newMessages.addEventListener("click", () => this.#panel.log.focus());
  }

  connectedCallback() {
    this.#pageEvents = new AbortController();
    const { signal } = this.#pageEvents;
    document.addEventListener("visibilitychange", () => this.#session?.markRead(), { signal });
    this.#startSession();
    const wasOpen = this.#tab.get("open") && !this.#sheet.coversPage;
    if (this.hasAttribute("open") || wasOpen) this.#show();
  }

  disconnectedCallback() {
    this.#pageEvents?.abort();
    this.#session?.stop();
    this.#session = null;
    this.#sheet.close();
  }

  /**
   * @param {string} name
   * @param {string | null} before
   * @param {string | null} value
   */
  attributeChangedCallback(name, before, value) {
    if (before === value) return;
    if (name === "label") this.#launcher.label = value || texts.label;
    if (name === "heading") this.#panel.heading = value || texts.heading;
    if (name === "intro") this.#panel.intro = value || texts.intro;
    if (name === "server" && this.#session) this.#startSession();
    if (CUSTOMER_ATTRIBUTES.includes(name) && this.#session) this.#changeCustomer();
  }

  /** Somebody signs in or out without a new page. */
  #changeCustomer() {
    if (this.#customerChanges) return;
    this.#customerChanges = true;
    queueMicrotask(() => {
      this.#customerChanges = false;
      if (this.#session) this.#startSession();
    });
  }

  /** @returns {URL} ends with a slash */
  get server() {
    const url = new URL(this.getAttribute("server") || HOME, document.baseURI);
    if (!url.pathname.endsWith("/")) url.pathname += "/";
    return url;
  }

  get isOpen() {
    return this.#panel.dialog.open;
  }

  open() {
    if (!this.isOpen) this.#show();
    this.#focusInside();
  }

  close() {
    if (!this.isOpen) return;
    const hadFocus = this.shadowRoot?.activeElement;
    this.#sheet.close();
    this.#opened(false);
    if (hadFocus) this.#launcher.button.focus();
  }

  toggle() {
    if (this.isOpen) this.close();
    else this.open();
  }

  /**
   * Open the chat and send a question for the customer.
   * @param {string} text
   */
  ask(text) {
    this.open();
    if (text.trim()) this.#send(text.trim(), null);
  }

  #show() {
    this.#sheet.open();
    this.#opened(true);
    this.#composer.grow();
    this.#scroll.toEnd();
    this.#session?.connect();
  }

  /** @param {boolean} isOpen */
  #opened(isOpen) {
    this.toggleAttribute("open", isOpen);
    this.#launcher.isOpen = isOpen;
    this.#tab.set("open", isOpen || null);
    this.#dispatch(isOpen ? "chat-opened" : "chat-closed");
  }

  /** On a phone the keyboard would cover what there is to read. */
  #focusInside() {
    if (matchMedia("(pointer: coarse)").matches) this.#panel.log.focus();
    else this.#composer.focus();
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (event.key === "Escape" && this.isOpen && !event.isComposing) {
      event.preventDefault();
      this.close();
    }
    event.stopPropagation(); // a page's single-key shortcuts are not meant for somebody who types here
  }

  /** @param {Event} event the back gesture of a phone asks to close */
  #cancel(event) {
    event.preventDefault();
    this.close();
  }

  /**
   * @param {string} text
   * @param {string | null} payload
   */
  #send(text, payload) {
    this.#session?.send(text, payload);
    this.#scroll.toEnd();
  }

  /**
   * @param {string} title
   * @param {string | null} payload
   */
  #choose(title, payload) {
    this.#focusInside(); // the pressed button goes away, and the focus must not go with it
    this.#send(title, payload);
  }

  #retry() {
    this.#focusInside();
    this.#session?.retry();
  }

  #retryConnection() {
    this.#focusInside();
    this.#session?.retryConnection();
  }

  #startSession() {
    this.#session?.stop();
    this.#list.clear();
    this.#session = new ChatSession({
      server: this.server,
      customer: customerOf(this),
      isVisible: () => this.isOpen && !document.hidden && this.#scroll.isAtEnd,
      view: {
        showEntry: (entry, next, isNew, isHistory) => this.#showEntry(entry, next, isNew, isHistory),
        clear: () => this.#list.clear(),
        beforeMany: (isHistory) => this.#beforeMany(isHistory),
        afterMany: () => this.#afterMany(),
        showOwner: (owner, agentName) => this.#panel.showOwner(owner, agentName),
        showTyping: (sender) => this.#panel.showTyping(sender),
        showBanner: (text) => this.#panel.showBanner(text),
        showNotice: (text) => this.#panel.showNotice(text),
        showStatus: (status) => this.#panel.showStatus(status),
        limitText: (maxTextChars) => (this.#composer.maxTextChars = maxTextChars),
        showUnread: (count) => (this.#launcher.unread = count),
      },
    });
    this.#session.resume();
    if (this.isOpen) this.#session.connect();
  }

  /**
   * @param {Entry} entry
   * @param {Entry | undefined} next
   * @param {boolean} isNew
   * @param {boolean} isHistory
   */
  #showEntry(entry, next, isNew, isHistory) {
    if (isNew && entry.sender !== "customer") this.#panel.hideTyping();
    this.#list.show(entry, next);
    if (entry.sender === "customer") this.#panel.announce(entry.state === "failed" ? entry.error || texts.notSent : "");
    if (isNew && this.#many) this.#many.news = true;
    else if (isNew) this.#scroll.follow();
    if (isNew && !isHistory) this.#tell(entry);
  }

  /** @param {boolean} isHistory */
  #beforeMany(isHistory) {
    this.#many = { news: false };
    this.#panel.quiet = isHistory;
  }

  #afterMany() {
    if (this.#many?.news) this.#scroll.follow();
    this.#many = null;
    requestAnimationFrame(() => (this.#panel.quiet = false));
  }

  /** @param {Entry} entry */
  #tell({ id, sender, text, agent_name, sent_at_ms }) {
    this.#dispatch("chat-message", { id, sender, text, agentName: agent_name, sentAtMs: sent_at_ms });
  }

  /**
   * @param {string} name
   * @param {object} [detail]
   */
  #dispatch(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, detail }));
  }
}
