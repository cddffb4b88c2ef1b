/** One row of the list: all desks get the same, and it is put where it belongs in the list that is shown. */

import { morph } from "./morph.js";
import { byId, conversationId, parse } from "./page.js";

/** As Python's quote(id, safe=""). */
export const keyOf = (id) =>
  encodeURIComponent(id).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

export const rows = () => [...byId("rows").children];

/** The conversations in which this agent typed something and did not send it; an older process of a rolling upgrade sends none. */
const drafts = () => JSON.parse(byId("list").dataset.drafts ?? "[]");

/** There is such a text now, or it was sent or thrown away. */
export function showDraft(id, hasDraft) {
  const others = drafts().filter((one) => one !== id);
  byId("list").dataset.drafts = JSON.stringify(hasDraft ? [id, ...others] : others);
  byId(`row-${keyOf(id)}`)?.classList.toggle("conversation-row-draft", hasDraft);
}

/** Where a row stands in the list that is shown; undefined when it is not in it. */
function placeOf(row) {
  const { view, shown, account } = byId("list").dataset;
  if (shown === "colleagues" && row.dataset.owner === `agent:${account}`) return undefined;
  const found = row.dataset.places.split(" ").find((one) => one.startsWith(`${view}|`));
  return found?.slice(view.length + 1);
}

const order = (row) => `${placeOf(row)}|${row.dataset.id}`;

/** Show a row as it is now; empty `html`: the conversation is gone. */
export function showRow(id, html) {
  const old = byId(`row-${keyOf(id)}`);
  const fresh = html && fitted(html, id);
  if (!fresh || placeOf(fresh) === undefined || isBehindPage(fresh)) return leave(old);
  const moved = !old || order(old) !== order(fresh);
  if (old) morph(old, fresh);
  if (moved) put(old ?? fresh);
}

/** Put a row where it belongs. */
function put(row) {
  const mine = order(row);
  const next = rows().find((one) => one !== row && order(one) > mine) ?? null;
  if (row.parentNode !== byId("rows") || row.nextElementSibling !== next) byId("rows").insertBefore(row, next);
}

/** Whether a row comes behind those that are loaded: it comes with the next page. */
function isBehindPage(row) {
  return !byId("list-more").hidden && order(row) > byId("list-more").querySelector("a").dataset.after;
}

/** A row goes; who was on it is on the next one. */
function leave(row) {
  if (!row) return;
  const had = row.contains(document.activeElement);
  const next = row.nextElementSibling ?? row.previousElementSibling;
  row.remove();
  if (had) (next?.querySelector("a") ?? byId("search-q")).focus({ preventScroll: true });
}

/** A row as this desk shows it: all desks get the same. */
function fitted(html, id) {
  const row = parse(html).querySelector("li");
  const { account, query } = byId("list").dataset;
  row.classList.toggle("conversation-row-mine", row.dataset.owner === `agent:${account}`);
  const link = row.querySelector("a");
  row.classList.toggle("conversation-row-draft", drafts().includes(id));
  if (id === conversationId) link.setAttribute("aria-current", "page");
  link.setAttribute("href", link.getAttribute("href") + query);
  return document.adoptNode(row);
}
