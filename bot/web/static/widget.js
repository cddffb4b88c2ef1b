/**
 * The one file a site loads.
 *
 *   <script async src="https://chat.example.nl/widget.js" data-heading="Winkel"></script>
 *       defines the element and adds one to the page, unless the page already has one; data-* become its attributes,
 *       and data-customer-* stay what they are (docs/how-to/identity.md).
 *   <script type="module" src="https://chat.example.nl/widget.js"></script>, or import "…/widget.js"
 *       only defines the element; the page writes <chat-widget> where it wants it.
 *
 * It stays one file for both: `document.currentScript` exists only in a classic script. There it also gives the address
 * to import from, because a classic script of another origin has no base address of its own.
 */
{
  const script = /** @type {HTMLScriptElement | null} */ (document.currentScript);
  const load = () =>
    script
      ? import(new URL("static/widget/chat-widget.js", script.src).href)
      : import("./static/widget/chat-widget.js");

  const pageIsRead = () =>
    document.readyState === "loading"
      ? new Promise((resolve) => document.addEventListener("DOMContentLoaded", resolve, { once: true }))
      : undefined;

  const start = async () => {
    const { ChatWidgetElement } = await load();
    if (!customElements.get("chat-widget")) customElements.define("chat-widget", ChatWidgetElement);
    if (!script) return;
    await pageIsRead();
    if (document.querySelector("chat-widget")) return;
    const widget = document.createElement("chat-widget");
    for (const [name, value] of Object.entries(script.dataset)) {
      if (name.startsWith("customer")) widget.dataset[name] = value;
      else widget.setAttribute(name, value ?? "");
    }
    document.body.append(widget);
  };

  start().catch((error) => console.error("chat-widget: not loaded", error));
}
