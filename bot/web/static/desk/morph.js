/** Puts fresh HTML around what is there: focus, typed text and opened details stay. */

import { byId } from "./page.js";

/** Change `old` into `fresh`, keeping every element that is still wanted, and all of what has `data-keep`. */
export function morph(old, fresh) {
  if (old.hasAttribute("data-keep") || old.isEqualNode(fresh)) return;
  morphAttributes(old, fresh);
  morphChildren(old, fresh);
}

function morphAttributes(old, fresh) {
  // Whether details are open is the agent's choice.
  for (const { name } of [...old.attributes]) {
    if (name !== "open" && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (name !== "open" && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

function morphChildren(old, fresh) {
  const wanted = new Set([...fresh.children].map((child) => child.id).filter(Boolean));
  for (const child of [...old.children]) if (child.id && !wanted.has(child.id)) child.remove();
  const named = new Map([...old.children].filter((child) => child.id).map((child) => [child.id, child]));
  let place = old.firstChild;
  for (const want of [...fresh.childNodes]) {
    const have = want.id ? named.get(want.id) : sameKind(place, want) ? place : null;
    if (!have || have.nodeName !== want.nodeName) {
      old.insertBefore(want, place);
      continue;
    }
    if (have === place) place = place.nextSibling;
    else old.insertBefore(have, place);
    if (have instanceof Element) morph(have, want);
    else if (have.data !== want.data) have.data = want.data;
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

function sameKind(node, want) {
  return node && !node.id && node.nodeName === want.nodeName;
}

/** Run `change`, and put the focus back when what had it was moved or replaced; on `otherwise` when it is gone. */
export function keepingFocus(change, otherwise = null) {
  const focused = document.activeElement;
  const owner = focused?.closest("[id]")?.id;
  change();
  if (!owner || focused === document.body || document.activeElement === focused) return;
  const target = focused.isConnected ? focused : (byId(owner) ?? otherwise);
  if (!target) return;
  target.focus({ preventScroll: true });
  if (document.activeElement !== target) target.querySelector("a, button, summary")?.focus({ preventScroll: true });
}
