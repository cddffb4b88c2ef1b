/** Building and keeping nodes. Text from outside is never markup. */

/** @param {string} tag @param {Record<string, any>} given properties; `class`, `data-*` and `aria-*` are attributes */
export function el(tag, given = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class" || name.includes("-") || name === "role") node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Brings a list up to date: what did not change stays the same node, with its open details and its focus. */
export function keep(list, items, key, render) {
  const known = new Map([...list.children].map((node) => [node.dataset.key, node]));
  let place = list.firstElementChild;
  for (const item of items) {
    const id = String(key(item));
    const is = JSON.stringify(item);
    let node = known.get(id);
    if (!node || node.dataset.is !== is) {
      const made = render(item);
      made.dataset.key = id;
      made.dataset.is = is;
      if (node) {
        if (place === node) place = node.nextElementSibling;
        if (node.querySelector("details[open]")) made.querySelector("details")?.setAttribute("open", "");
        node.remove();
      }
      node = made;
    }
    known.delete(id);
    if (node === place) place = place.nextElementSibling;
    else list.insertBefore(node, place);
  }
  for (const node of known.values()) node.remove();
}

export const byId = (id) => document.getElementById(id);

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** An address that a link may have; anything else, as javascript:, is none. */
export function safeUrl(url) {
  try {
    const parsed = new URL(url);
    return ["http:", "https:"].includes(parsed.protocol) ? parsed.href : "";
  } catch {
    return "";
  }
}

export function tabs(tablist, onChange = () => {}) {
  const buttons = [...tablist.querySelectorAll("[role=tab]")];
  const show = (chosen) => {
    for (const button of buttons) {
      button.setAttribute("aria-selected", String(button === chosen));
      button.tabIndex = button === chosen ? 0 : -1;
      byId(button.getAttribute("aria-controls")).hidden = button !== chosen;
    }
    onChange(chosen.id);
  };
  for (const button of buttons) button.addEventListener("click", () => show(button));
  tablist.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const there = buttons.filter((button) => !button.hidden);
    const next = there[(there.indexOf(document.activeElement) + step + there.length) % there.length];
    next.focus();
    show(next);
  });
  show(buttons.find((button) => button.getAttribute("aria-selected") === "true") ?? buttons[0]);
}
