import { element } from "./dom.js";
import { link, safeHref } from "./linkify.js";
import { texts } from "./texts.js";

/** @typedef {import("./protocol.js").Button} Button */

/** The buttons under the last message. */
export class QuickReplies {
  element = element("div", { class: "replies", role: "group", "aria-label": texts.quickReplies, hidden: true });
  #onChoice;

  /** @param {(title: string, payload: string | null) => void} onChoice */
  constructor(onChoice) {
    this.#onChoice = onChoice;
  }

  /** @param {Button[]} buttons none hides the group */
  show(buttons) {
    const shown = JSON.stringify(buttons);
    if (this.element.dataset.shown === shown) return;
    this.element.dataset.shown = shown;
    this.element.replaceChildren(...buttons.flatMap((button) => this.#control(button)));
    this.element.hidden = !this.element.hasChildNodes();
  }

  /**
   * @param {Button} button
   * @returns {HTMLElement[]} none if its address isn't one we open
   */
  #control(button) {
    if (!button.url) return [this.#reply(button)];
    const href = safeHref(button.url);
    return href ? [pageLink(href, button.title)] : [];
  }

  /** @param {Button} button */
  #reply({ title, payload }) {
    const control = element("button", { type: "button", class: "reply", part: "reply", dir: "auto" }, title);
    control.addEventListener("click", () => this.#onChoice(title, payload || null));
    return control;
  }
}

/**
 * @param {string} href
 * @param {string} title
 */
function pageLink(href, title) {
  const anchor = link(href, title);
  anchor.className = "reply reply-link";
  anchor.part.add("reply");
  anchor.dir = "auto";
  anchor.append(element("span", { class: "out-of-sight" }, ` ${texts.newTab}`));
  return anchor;
}
