import { Connection } from "./connection.js";
import { Conversation } from "./conversation.js";
import { reportIdentity, storageFor } from "./customer.js";
import { Outbox } from "./outbox.js";
import { CloseCode, compareEntryIds, newMessageId } from "./protocol.js";
import { texts } from "./texts.js";

/** @typedef {import("./conversation.js").Entry} Entry */
/** @typedef {import("./protocol.js").ServerFrame} ServerFrame */

/**
 * What the session tells the element.
 * @typedef {object} SessionView
 * @property {(entry: Entry, next: Entry | undefined, isNew: boolean, isHistory: boolean) => void} showEntry new, moved
 *   or changed; isHistory: it was there before this page
 * @property {() => void} clear
 * @property {(isHistory: boolean) => void} beforeMany messages of a welcome follow
 * @property {() => void} afterMany
 * @property {(owner: import("./protocol.js").Owner, agentName: string) => void} showOwner
 * @property {(sender: "assistant" | "agent") => void} showTyping
 * @property {(text: string) => void} showBanner empty takes it away
 * @property {(text: string) => void} showNotice empty takes it away
 * @property {(status: import("./connection.js").Status) => void} showStatus
 * @property {(maxTextChars: number) => void} limitText
 * @property {(count: number) => void} showUnread
 */

const TYPING_EVERY_MS = 3_000;

/** One customer's conversation: connection, messages and what the browser keeps of them. Knows nothing of the page. */
export class ChatSession {
  #view;
  #customer;
  #storage;
  #connection;
  #outbox;
  #conversation = new Conversation();
  #conversationId = "";
  /** What the present connection said hello with. */
  #hello = { token: /** @type {string | null} */ (null), after: "" };
  #isVisible = () => false;
  #markedRead = "";
  #markedReceived = "";
  #typed_at_ms = 0;
  /** The notice is about something that did not work, and is over once something does. */
  #showsError = false;

  /**
   * @param {object} options
   * @param {URL} options.server
   * @param {import("./customer.js").Customer | null} options.customer
   * @param {SessionView} options.view
   * @param {() => boolean} options.isVisible whether the customer can see the newest message now
   */
  constructor({ server, customer, view, isVisible }) {
    this.#view = view;
    this.#isVisible = isVisible;
    this.#customer = customer;
    this.#storage = storageFor(server, customer);
    this.#connection = new Connection({
      url: socketUrl(server),
      hello: () => this.#sayHello(),
      onFrame: (frame) => this.#receive(frame),
      onStatus: (status, closeCode) => this.#follow(status, closeCode),
    });
    this.#outbox = new Outbox({
      storage: this.#storage,
      transmit: ({ id, text, payload }) => this.#connection.send({ type: "message", id, text, payload }),
      onState: (id, state) => this.#setState(id, state),
      // Perhaps the connection is dead. If so, a new one sends the message again.
      onSilence: () => this.#connection.probe(),
    });
  }

  /** Go on with what this browser knows; a visitor who never wrote costs the server nothing. */
  resume() {
    for (const unsent of this.#outbox.all) this.#showNew(this.#conversation.write(unsent), true);
    window.addEventListener("storage", this.#followOtherTabs);
    if (this.#storage.get("token") || this.#outbox.all.length) this.#connection.start();
  }

  connect() {
    this.#connection.start();
  }

  stop() {
    window.removeEventListener("storage", this.#followOtherTabs);
    this.#connection.stop();
    this.#outbox.hold();
  }

  retryConnection() {
    this.#connection.reconnect();
  }

  /**
   * @param {string} text
   * @param {string | null} [payload] of a pressed button
   */
  send(text, payload = null) {
    this.#notice("");
    const unsent = { id: newMessageId(), text, payload, written_at_ms: Date.now() };
    this.#showNew(this.#conversation.write(unsent), false);
    this.#connection.start();
    this.#outbox.add(unsent);
    this.#hurry();
  }

  /** Try again what failed. */
  retry() {
    this.#notice("");
    this.#outbox.retry();
    this.#hurry();
  }

  /** Whoever writes now should not wait for a pause that began before. */
  #hurry() {
    if (this.#connection.status === "waiting") this.#connection.reconnect();
  }

  typing() {
    if (Date.now() - this.#typed_at_ms < TYPING_EVERY_MS) return;
    if (this.#connection.send({ type: "typing" })) this.#typed_at_ms = Date.now();
  }

  /** Tell the server, once, what the customer has seen; nothing while it is out of sight. */
  markRead() {
    if (!this.#isVisible()) return;
    const newest = this.#conversation.lastFromOthers;
    if (!newest || newest === this.#markedRead) return;
    if (!this.#connection.send({ type: "read", up_to: newest })) return;
    this.#markedRead = newest;
    this.#storage.set("read", newest);
    this.#countUnread();
  }

  /** Read says received too. */
  #markReceived() {
    this.markRead();
    const newest = this.#conversation.lastFromOthers;
    if (!newest || newest === this.#markedRead || newest === this.#markedReceived) return;
    if (this.#connection.send({ type: "received", up_to: newest })) this.#markedReceived = newest;
  }

  #sayHello() {
    const token = this.#storage.get("token");
    const sameAsBefore = token === this.#hello.token || this.#hello.token === null;
    this.#hello = { token, after: sameAsBefore ? this.#conversation.lastReceived : "" };
    return { type: "hello", ...this.#hello, ...(this.#customer && { customer: this.#customer }) };
  }

  /** @param {ServerFrame} frame */
  #receive(frame) {
    switch (frame.type) {
      case "welcome":
        return this.#welcome(frame);
      case "message":
        return this.#message(frame.message);
      case "ack":
        return this.#acknowledge(frame);
      case "owner":
        return this.#view.showOwner(frame.owner, frame.agent_name ?? "");
      case "banner":
        return this.#view.showBanner(frame.text);
      case "typing":
        return this.#view.showTyping(frame.sender);
      case "error":
        return this.#error(frame);
    }
  }

  /** @param {import("./protocol.js").Welcome} welcome */
  #welcome(welcome) {
    this.#notice("");
    reportIdentity(welcome.identity);
    if (this.#conversationId && welcome.conversation_id !== this.#conversationId) this.#forget();
    this.#conversationId = welcome.conversation_id;
    this.#hello.token = welcome.token;
    this.#storage.set("token", welcome.token);
    this.#view.showBanner(welcome.banner ?? "");
    this.#view.limitText(welcome.max_text_chars);
    this.#view.showOwner(welcome.owner, welcome.agent_name ?? "");
    this.#showMissed(welcome.messages, this.#hello.after === "");
    // After a long absence there is more than fits: the next hello asks for what follows. Without `after` we got the
    // newest, and what is older stays with the server.
    if (welcome.more && this.#hello.after) return this.#connection.reconnect();
    this.#outbox.send();
    // What the last connection was told may have died with the server that heard it.
    this.#markedRead = this.#markedReceived = "";
    this.#markReceived();
  }

  /**
   * @param {import("./protocol.js").Message[]} messages
   * @param {boolean} isHistory
   */
  #showMissed(messages, isHistory) {
    this.#view.beforeMany(isHistory);
    for (const message of messages) this.#show(message, isHistory);
    this.#view.afterMany();
    this.#countUnread();
  }

  /** @param {import("./protocol.js").Message} message */
  #message(message) {
    this.#show(message, false);
    this.#markReceived();
    this.#countUnread();
  }

  /**
   * @param {import("./protocol.js").Message} message
   * @param {boolean} isHistory
   */
  #show(message, isHistory) {
    const { entry, isNew } = this.#conversation.receive(message);
    this.#outbox.remove(entry.id);
    this.#view.showEntry(entry, this.#conversation.next(entry), isNew, isHistory);
  }

  /**
   * @param {Entry} entry
   * @param {boolean} isHistory
   */
  #showNew(entry, isHistory) {
    this.#view.showEntry(entry, this.#conversation.next(entry), true, isHistory);
  }

  /** @param {{id: string, entry_id: string}} ack */
  #acknowledge({ id, entry_id }) {
    this.#outbox.remove(id);
    if (this.#showsError) this.#notice("");
    const entry = this.#conversation.get(id);
    if (!entry) return; // written in another tab, whose message comes by itself
    this.#conversation.stored(entry, entry_id);
    this.#view.showEntry(entry, this.#conversation.next(entry), false, false);
  }

  /** @param {{error: string, id: string | null, retry: boolean}} frame */
  #error({ error, id, retry }) {
    const entry = id ? this.#conversation.get(id) : undefined;
    if (!entry) return this.#notice(error, true);
    if (retry && id !== this.#outbox.underWay) return; // about an attempt that is over
    entry.error = error;
    entry.retry = retry;
    if (retry) this.#outbox.failed();
    else this.#giveUp(entry);
  }

  /** @param {Entry} entry */
  #giveUp(entry) {
    this.#outbox.remove(entry.id);
    this.#conversation.refused(entry);
    this.#setState(entry.id, "failed");
  }

  /**
   * @param {string} id
   * @param {import("./outbox.js").UnsentState} state
   */
  #setState(id, state) {
    const entry = this.#conversation.get(id);
    if (!entry) return;
    entry.state = state;
    if (state !== "failed") entry.error = "";
    this.#view.showEntry(entry, this.#conversation.next(entry), false, false);
  }

  /**
   * @param {import("./connection.js").Status} status
   * @param {number} closeCode
   */
  #follow(status, closeCode) {
    if (closeCode === CloseCode.tooLarge) this.#giveUpTooLarge();
    if (status !== "open") this.#outbox.hold();
    this.#view.showStatus(status);
  }

  /** Without this the message that is too large would be sent, and cost us the connection, for ever. */
  #giveUpTooLarge() {
    const entry = this.#conversation.get(this.#outbox.underWay);
    if (!entry) return;
    entry.error = texts.tooLarge;
    entry.retry = false;
    this.#giveUp(entry);
  }

  #forget() {
    const hadMessages = this.#conversation.lastReceived !== "";
    this.#conversation.forgetStored();
    this.#hello.after = "";
    this.#markedRead = this.#markedReceived = "";
    this.#storage.set("read", null);
    this.#view.clear();
    for (const entry of this.#conversation.entries) this.#showNew(entry, true);
    if (hadMessages) this.#notice(texts.forgotten);
  }

  /**
   * @param {string} text empty takes it away
   * @param {boolean} [isError]
   */
  #notice(text, isError = false) {
    this.#showsError = isError;
    this.#view.showNotice(text);
  }

  #countUnread() {
    const stored = this.#storage.get("read") ?? "";
    const read = isLater(stored, this.#markedRead) ? stored : this.#markedRead;
    this.#view.showUnread(this.#isVisible() ? 0 : this.#conversation.countFromOthersAfter(read));
  }

  /**
   * Another tab of this site began a conversation, or read it.
   * @param {StorageEvent} event
   */
  #followOtherTabs = (event) => {
    if (event.key === this.#storage.key("read")) this.#countUnread();
    if (event.key !== this.#storage.key("token") || !event.newValue) return;
    if (this.#storage.get("token") === this.#hello.token) return;
    if (this.#connection.status === "idle") this.#connection.start();
    else this.#connection.reconnect();
  };
}

/**
 * @param {string} a
 * @param {string} b
 */
const isLater = (a, b) => Boolean(a) && (!b || compareEntryIds(a, b) > 0);

/** @param {URL} server its path counts: the chat may live below one */
function socketUrl(server) {
  const url = new URL("widget/socket", server);
  url.protocol = server.protocol === "http:" ? "ws:" : "wss:";
  return url;
}
