/** Building elements without markup strings: text from outside can only ever become text. */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | boolean | null | undefined>} [attributes] false, null and undefined are left out
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

/**
 * Write only on change, so that a live region never repeats itself.
 * @param {Element} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

const SVG = "http://www.w3.org/2000/svg";

/** Paths on a 24 by 24 grid. */
const ICONS = {
  chat: "M12 3C6.8 3 2.6 6.7 2.6 11.2c0 2.5 1.3 4.7 3.3 6.2L5.2 21l4-2.1c.9.2 1.8.3 2.8.3 5.2 0 9.4-3.6 9.4-8.1S17.2 3 12 3Z",
  down: "m5 9 7 7 7-7",
  close: "m6 6 12 12M18 6 6 18",
  send: "M4 12 3.2 4.2 21 12 3.2 19.8 4 12Zm0 0h8",
};

/** @param {keyof typeof ICONS} name decoration only: the control around it carries the name */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `icon icon-${name}`);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}
