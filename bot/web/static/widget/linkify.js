import { element } from "./dom.js";

const ADDRESS = /\bhttps?:\/\/[^\s<>"“”]+/giu;
/** Punctuation that ends the sentence and not the address. */
const TAIL = /[.,;:!?'’…]+$/u;

/**
 * Plain text with its web addresses as links. Nothing is parsed as markup: what isn't a link is a text node.
 * @param {string} text
 * @returns {(string | HTMLAnchorElement)[]}
 */
export function linkify(text) {
  /** @type {(string | HTMLAnchorElement)[]} */
  const parts = [];
  let done = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const shown = withoutTail(match[0]);
    const href = safeHref(shown);
    if (!href) continue;
    parts.push(text.slice(done, match.index), link(href, shown));
    done = match.index + shown.length;
  }
  return [...parts, text.slice(done)].filter((part) => part !== "");
}

/**
 * @param {string | null | undefined} address
 * @returns {string | null} null unless it is a whole http or https address
 */
export function safeHref(address) {
  try {
    const url = new URL(address ?? "");
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : null;
  } catch {
    return null;
  }
}

/**
 * A link that tells the other page nothing and gets no hold on this one.
 * @param {string} href checked by safeHref
 * @param {string} text
 */
export function link(href, text) {
  return element("a", { href, target: "_blank", rel: "noopener noreferrer" }, text);
}

/** @param {string} address "(see https://a.nl/b_(c))." keeps the inner bracket only */
function withoutTail(address) {
  let shown = address.replace(TAIL, "");
  while (shown.endsWith(")") && count(shown, ")") > count(shown, "(")) shown = shown.slice(0, -1).replace(TAIL, "");
  return shown;
}

/**
 * @param {string} text
 * @param {string} char
 */
const count = (text, char) => text.split(char).length - 1;
