/**
 * The left side: which conversations there are. The whole list is fetched when the page may have missed something;
 * else each change brings the rows that changed, the same for every desk, and they are put where they belong here.
 */

import { setClock } from "./clock.js";
import { keepingFocus, morph } from "./morph.js";
import { byId, conversationId, parse, say } from "./page.js";
import { Refresher } from "./refresher.js";
import { shortcut } from "./shortcuts.js";

const SHOWN_ALARMS = 3;
const NEAR_END = "400px";

/** What came while a list was on its way, or while somebody was about to click in it. */
const held = [];
let pressed = false;
const onWaiting = [];

export const list = new Refresher(() => byId("list").dataset.url, showList, release);

/** Call `action(waiting)` when more conversations wait than before. */
export function whenMoreWait(action) {
  onWaiting.push(action);
}

/* The whole list */

/** `page` has the list, and what stands above it. */
export function showList(page) {
  const before = waiting();
  keepingFocus(() => {
    for (const id of ["desk-alarm", "desk-trouble", "list"]) morph(byId(id), page.getElementById(id));
  });
  setClock(Number(byId("list").dataset.nowMs));
  showNumbers(before);
}

const counts = () => JSON.parse(byId("list").dataset.counts);
const waiting = () => counts().waiting ?? 0;

function showNumbers(before) {
  const known = counts();
  for (const tab of byId("list-tabs").querySelectorAll("a")) {
    const { count, less } = tab.dataset;
    const text = String(Math.max(0, (known[count] ?? 0) - (known[less] ?? 0)));
    const place = tab.querySelector(".tab-count");
    if (place.textContent !== text) place.textContent = text;
  }
  const alarms = byId("desk-alarm").querySelectorAll("a").length;
  const now = known.waiting ?? 0;
  document.title =
    (alarms ? "SPOED! " : "") + (now ? `(${now}) ` : "") + document.title.replace(/^(SPOED! )?(\(\d+\) )?/, "");
  if (now > before) {
    say("desk-status", now === 1 ? "Er wacht 1 gesprek." : `Er wachten ${now} gesprekken.`);
    for (const action of onWaiting) action(now);
  }
  showChosen();
}

/* What changed */

/** `changes`: rows that changed, and sizes of lists, as board.py tells them. */
export function applyChanges(changes) {
  if (list.busy || pressed) return held.push(changes);
  const before = waiting();
  keepingFocus(() => {
    for (const { id, row, alarm } of changes.rows) {
      showRow(id, row);
      showAlarm(id, alarm);
    }
  });
  byId("list").dataset.counts = JSON.stringify({ ...counts(), ...changes.counts });
  fitAlarms();
  setClock(changes.now);
  showNumbers(before);
}

function release() {
  if (list.busy || pressed) return;
  for (const changes of held.splice(0)) applyChanges(changes);
}

/** As Python's quote(id, safe=""). */
const keyOf = (id) =>
  encodeURIComponent(id).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

const rows = () => [...byId("rows").children];

/** Where a row stands in the list that is shown; undefined when it is not in it. */
function placeOf(row) {
  const { view, shown, account } = byId("list").dataset;
  if (shown === "colleagues" && row.dataset.owner === `agent:${account}`) return undefined;
  const found = row.dataset.places.split(" ").find((one) => one.startsWith(`${view}|`));
  return found?.slice(view.length + 1);
}

const order = (row) => `${placeOf(row)}|${row.querySelector("input").value}`;

function showRow(id, html) {
  const old = byId(`row-${keyOf(id)}`);
  const fresh = html && fitted(html, id);
  if (!fresh || placeOf(fresh) === undefined || isBehindPage(fresh, old)) return leave(old);
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
function isBehindPage(fresh, old) {
  if (byId("list-more").hidden) return false;
  const last = rows().findLast((row) => row !== old);
  return last !== undefined && order(fresh) > order(last);
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
  if (id === conversationId) link.setAttribute("aria-current", "page");
  link.setAttribute("href", link.getAttribute("href") + query);
  return document.adoptNode(row);
}

/* Who may be in danger */

function showAlarm(id, html) {
  const old = byId(`alarm-${keyOf(id)}`);
  const fresh = html && document.adoptNode(parse(html).querySelector("a"));
  const { account } = byId("list").dataset;
  if (!fresh || !["", account].includes(fresh.dataset.account)) return old?.remove();
  if (old) morph(old, fresh);
  else byId("alarm-more").before(fresh);
}

function fitAlarms() {
  const bar = byId("desk-alarm");
  const many = bar.querySelectorAll("a").length;
  // An alert that is there before it has words is not read out again with each of them.
  if (many) bar.setAttribute("role", "alert");
  else bar.removeAttribute("role");
  byId("alarm-more").hidden = many <= SHOWN_ALARMS;
  say("alarm-count", String(many - SHOWN_ALARMS));
}

export function showTroubles(troubles) {
  byId("desk-trouble").replaceChildren(
    ...troubles.map((trouble) => Object.assign(document.createElement("p"), { textContent: trouble })),
  );
}

/* More of it */

let loading = false;
const watcher = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && loadMore(), {
  root: byId("desk-list"),
  rootMargin: NEAR_END,
});

async function loadMore() {
  const link = byId("list-more").querySelector("a");
  if (loading || byId("list-more").hidden) return;
  loading = true;
  const had = document.activeElement === link;
  try {
    const url = new URL(byId("list").dataset.url, location.href);
    url.searchParams.set("after", link.dataset.after);
    const response = await fetch(url, { headers: { "x-fragment": "1" } });
    if (!response.ok) return;
    const page = parse(await response.text());
    const known = new Set(rows().map((row) => row.id));
    const fresh = [...page.getElementById("rows").children].filter((row) => !known.has(row.id));
    byId("rows").append(...fresh);
    morph(byId("list-more"), page.getElementById("list-more"));
    if (had) fresh[0]?.querySelector("a").focus();
    showChosen();
    // Tells again whether the end is near.
    watcher.unobserve(byId("list-more"));
    watcher.observe(byId("list-more"));
  } catch {
    // The link is still there to try again.
  } finally {
    loading = false;
  }
}

function startPaging() {
  byId("desk-list").addEventListener("click", (event) => {
    if (!event.target.closest("#list-more a") || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    loadMore();
  });
  watcher.observe(byId("list-more"));
}

/* Choosing rows */

const chosen = () => byId("rows").querySelectorAll(".row-pick input:checked");

function showChosen() {
  const many = chosen().length;
  say("bulk-count", many === 0 ? "" : many === 1 ? "1 gesprek gekozen" : `${many} gesprekken gekozen`);
}

function chooseNone() {
  for (const box of chosen()) box.checked = false;
  showChosen();
}

/* The keyboard */

function focusRow(step) {
  const links = rows().map((row) => row.querySelector("a"));
  const focused = links.findIndex((link) => link.closest("li").contains(document.activeElement));
  const open = links.findIndex((link) => link.hasAttribute("aria-current"));
  const from = focused >= 0 ? focused : open;
  const to = from < 0 ? 0 : Math.min(links.length - 1, Math.max(0, from + step));
  links[to]?.focus();
  links[to]?.scrollIntoView({ block: "nearest" });
}

function pickFocused() {
  const box = document.activeElement?.closest(".conversation-row")?.querySelector("input");
  box?.click();
}

const VIEWS = { w: "waiting", m: "mine", l: "later", a: "open", c: "colleagues", b: "assistant", s: "closed" };

function startKeys() {
  shortcut("j", "Volgende gesprek in de lijst", () => focusRow(1));
  shortcut("k", "Vorige gesprek in de lijst", () => focusRow(-1));
  shortcut("x", "Kies het gesprek in de lijst", pickFocused);
  shortcut("n", "Volgende voor mij", () => byId("next-form").requestSubmit());
  shortcut("s", "Zoek", () => byId("search-q").focus());
  for (const [key, view] of Object.entries(VIEWS)) {
    const link = byId(`tab-${view}`).querySelector("a");
    const title = link.firstChild.data.trim();
    shortcut(`g ${key}`, `Ga naar ${title}`, () => byId(`tab-${view}`).querySelector("a").click());
  }
  byId("list").addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !event.target.closest(".conversation-row")) return;
    event.preventDefault();
    focusRow(step);
  });
}

/** The list stays where it was when another conversation opens. */
function keepPlace() {
  const key = `desk-list-place:${byId("list").dataset.view}`;
  try {
    byId("desk-list").scrollTop = Number(sessionStorage.getItem(key));
    window.addEventListener("pagehide", () => sessionStorage.setItem(key, String(byId("desk-list").scrollTop)));
  } catch {
    // No storage: it starts at the top.
  }
}

export function startList() {
  keepPlace();
  startPaging();
  startKeys();
  byId("bulk-none").hidden = false;
  byId("bulk-none").addEventListener("click", chooseNone);
  byId("list").addEventListener("change", (event) => {
    if (event.target.closest(".row-pick")) showChosen();
    if (event.target.id === "filter-department") event.target.form.requestSubmit();
  });
  // A row that moves between pressing and letting go would be another one than was meant.
  byId("desk-list").addEventListener("pointerdown", () => (pressed = true));
  for (const done of ["pointerup", "pointercancel"]) {
    window.addEventListener(done, () => setTimeout(() => ((pressed = false), release())));
  }
}
