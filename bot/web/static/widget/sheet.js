/** Where the chat covers the whole screen; the same condition is in styles.js. */
export const SHEET_QUERY = "(max-width: 480px), (max-height: 420px)";

/**
 * Opens a dialog beside the page, or over all of it on a phone. There it is modal: what lies behind it can't be seen,
 * so it must not be reachable either.
 */
export class Sheet {
  #dialog;
  #query = matchMedia(SHEET_QUERY);

  /** @param {HTMLDialogElement} dialog */
  constructor(dialog) {
    this.#dialog = dialog;
    this.#query.addEventListener("change", () => this.#reopen());
    window.visualViewport?.addEventListener("resize", () => this.#fit());
    window.visualViewport?.addEventListener("scroll", () => this.#fit());
  }

  get coversPage() {
    return this.#query.matches;
  }

  open() {
    if (this.#dialog.open) return;
    if (this.coversPage) this.#dialog.showModal();
    else this.#showBeside();
    this.#fit();
  }

  close() {
    if (this.#dialog.open) this.#dialog.close();
  }

  /** `show()` moves the focus into the dialog; whether that is wanted is not for us to say. */
  #showBeside() {
    const root = /** @type {ShadowRoot} */ (this.#dialog.getRootNode());
    const focused = root.activeElement ?? document.activeElement;
    this.#dialog.show();
    const taken = root.activeElement;
    if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
    if (taken instanceof HTMLElement && root.activeElement === taken) taken.blur(); // nothing had the focus
  }

  /** The phone was turned, or the window made small: the same conversation in the other form. */
  #reopen() {
    if (!this.#dialog.open) return;
    const root = /** @type {ShadowRoot} */ (this.#dialog.getRootNode());
    const focused = root.activeElement;
    this.#dialog.close();
    this.open();
    if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  }

  /** iOS lays its keyboard over the page without making the page smaller: dvh doesn't see it, the visual viewport does. */
  #fit() {
    const viewport = window.visualViewport;
    const style = this.#dialog.style;
    const keyboardIsOpen =
      viewport && this.#dialog.open && this.coversPage && window.innerHeight - viewport.height > 80;
    style.setProperty("--_sheet-height", keyboardIsOpen ? `${viewport.height}px` : "100dvh");
    style.setProperty("--_sheet-top", keyboardIsOpen ? `${viewport.offsetTop}px` : "0px");
  }
}
