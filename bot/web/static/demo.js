/** The example questions of the demo page: a click asks one in the chat. */
for (const button of document.querySelectorAll(".question")) {
  button.addEventListener("click", async () => {
    await customElements.whenDefined("chat-widget");
    const widget = /** @type {import("./widget/chat-widget.js").ChatWidgetElement | null} */ (
      document.querySelector("chat-widget")
    );
    widget?.ask(button.textContent ?? "");
  });
}
