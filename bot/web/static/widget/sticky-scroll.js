const NEAR_PX = 48;

/** Keeps the newest message in view, unless the reader scrolled up to read. */
export class StickyScroll {
  #scroller;
  #onReachEnd;
  #newMessages;
  #isAtEnd = true;
  #top = 0;

  /**
   * @param {object} options
   * @param {HTMLElement} options.scroller
   * @param {HTMLElement} options.newMessages button that shows while something new is out of sight
   * @param {() => void} options.onReachEnd
   */
  constructor({ scroller, newMessages, onReachEnd }) {
    this.#scroller = scroller;
    this.#newMessages = newMessages;
    this.#onReachEnd = onReachEnd;
    scroller.addEventListener("scroll", () => this.#look(), { passive: true });
    newMessages.addEventListener("click", () => this.toEnd());
    // Neither a phone's keyboard that makes the window small nor a message that grows causes a scroll event.
    const observer = new ResizeObserver(() => this.#keep());
    for (const part of [scroller, ...scroller.children]) observer.observe(part);
  }

  get isAtEnd() {
    return this.#isAtEnd;
  }

  /** Something was added at the end. */
  follow() {
    this.#keep();
    if (!this.#isAtEnd) this.#newMessages.hidden = false;
  }

  toEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.#top = this.#scroller.scrollTop;
    this.#reached();
  }

  #keep() {
    if (this.#isAtEnd) this.toEnd();
  }

  /** Only a scroll upwards leaves the end: what grew since we scrolled there also looks like a distance from it. */
  #look() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    if (!clientHeight) return; // closed
    const wentUp = scrollTop < this.#top;
    this.#top = scrollTop;
    if (scrollHeight - scrollTop - clientHeight < NEAR_PX) this.#reached();
    else if (wentUp) this.#isAtEnd = false;
  }

  #reached() {
    this.#isAtEnd = true;
    this.#newMessages.hidden = true;
    this.#onReachEnd();
  }
}
