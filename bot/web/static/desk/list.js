/**
 * The left side: which conversations there are. The whole list is fetched when the page may have missed something;
 * else each change brings the rows that changed, the same for every desk, and they are put where they belong here.
 */

import { alarms, fitAlarms, showAlarm } from "./alarms.js";
import { showChosen, startBulk } from "./bulk.js";
import { setClock } from "./clock.js";
import { startListKeys } from "./list-keys.js";
import { keepingFocus, morph } from "./morph.js";
import { byId, say } from "./page.js";
import { startPaging } from "./paging.js";
import { Refresher } from "./refresher.js";
import { rows, showRow } from "./rows.js";

/** What came while a list was on its way, or while somebody was about to click in it. */
const held = [];
let pressed = false;
/** A whole list came meanwhile. What was held may be older than it, so it is read again. */
let isBehind = false;
const onWaiting = [];

export const list = new Refresher(() => byId("list").dataset.url, showFetched, release);

/** Call `action(waiting)` when more conversations wait than before. */
export function whenMoreWait(action) {
  onWaiting.push(action);
}

/* The whole list */

function showFetched(page) {
  if (pressed) isBehind = true;
  else showList(page);
}

/** `page` has the list, and what stands above it. */
export function showList(page) {
  const before = waiting();
  const place = rows().findIndex((row) => row.contains(document.activeElement));
  keepingFocus(() => {
    for (const id of ["desk-alarm", "desk-trouble", "list"]) morph(byId(id), page.getElementById(id));
  });
  if (place >= 0 && document.activeElement === document.body) {
    // The row went: on with the one in its place.
    (rows().at(Math.min(place, rows().length - 1))?.querySelector("a") ?? byId("search-q")).focus({ preventScroll: true });
  }
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
  const now = known.waiting ?? 0;
  document.title =
    (alarms() ? "SPOED! " : "") + (now ? `(${now}) ` : "") + document.title.replace(/^(SPOED! )?(\(\d+\) )?/, "");
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
  if (isBehind) list.request();
  isBehind = false;
}

export function showTroubles(troubles) {
  byId("desk-trouble").replaceChildren(
    ...troubles.map((trouble) => Object.assign(document.createElement("p"), { textContent: trouble })),
  );
}

/** The list stays where it was when another conversation opens, but for as much as it takes to show that one's row. */
function keepPlace() {
  const key = `desk-list-place:${byId("list").dataset.view}`;
  try {
    byId("desk-list").scrollTop = Number(sessionStorage.getItem(key));
    window.addEventListener("pagehide", () => sessionStorage.setItem(key, String(byId("desk-list").scrollTop)));
  } catch {
    // No storage: it starts at the top.
  }
  const open = byId("rows").querySelector("[aria-current]");
  open?.scrollIntoView({ block: "nearest" });
}

export function startList() {
  keepPlace();
  startPaging();
  startListKeys();
  startBulk();
  byId("list").addEventListener("change", ({ target }) => {
    if (target.id === "filter-department") target.form.requestSubmit();
  });
  // A row that moves between pressing and letting go would be another one than was meant.
  byId("desk-list").addEventListener("pointerdown", () => (pressed = true));
  for (const done of ["pointerup", "pointercancel"]) {
    window.addEventListener(done, () => setTimeout(() => ((pressed = false), release())));
  }
}
