import { element, icon, setText } from "./dom.js";
import { texts } from "./texts.js";

/** The round button, with the number of unread messages while the chat is closed. */
export class Launcher {
  #badge = element("span", { class: "badge", part: "badge", "aria-hidden": "true", hidden: true });
  #announcement = element("p", { class: "out-of-sight", role: "status" });
  #label = texts.label;
  #unread = 0;
  #isOpen = false;

  /** @param {() => void} onPress */
  constructor(onPress) {
    this.button = element("button", { type: "button", class: "launcher", part: "button", "aria-haspopup": "dialog" });
    this.button.lang = "nl";
    this.button.append(icon("chat"), icon("down"), this.#badge);
    this.button.addEventListener("click", onPress);
    this.elements = [this.button, this.#announcement];
    this.#update();
  }

  /** @param {string} label */
  set label(label) {
    this.#label = label;
    this.#update();
  }

  /** @param {number} unread */
  set unread(unread) {
    this.#unread = unread;
    this.#update();
  }

  /** @param {boolean} isOpen */
  set isOpen(isOpen) {
    this.#isOpen = isOpen;
    this.#update();
  }

  #update() {
    const news = this.#unread && !this.#isOpen ? texts.unread(this.#unread) : "";
    const closedName = news ? `${this.#label} (${news})` : this.#label;
    const name = this.#isOpen ? texts.close : closedName;
    this.button.setAttribute("aria-expanded", String(this.#isOpen));
    this.button.setAttribute("aria-label", name);
    this.button.title = name;
    this.#badge.hidden = !news;
    setText(this.#badge, this.#unread > 9 ? "9+" : String(this.#unread));
    setText(this.#announcement, news);
  }
}
