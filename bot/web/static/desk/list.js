/** The left side: which conversations there are. */

import { readClock } from "./clock.js";
import { keepingFocus, morph } from "./morph.js";
import { byId } from "./page.js";
import { Refresher } from "./refresher.js";

const LIST_MS = 20_000; // trouble with a platform makes no event
const LIST_PLACE = "desk-list-place";

export const list = new Refresher(
  () => byId("list").dataset.url,
  (page) => showList(page),
);

export function showList(page) {
  const waitedBefore = Number(byId("list").dataset.waiting);
  keepingFocus(() => {
    morph(byId("desk-alarm"), page.getElementById("desk-alarm"));
    morph(byId("desk-trouble"), page.getElementById("desk-trouble"));
    morph(byId("list"), page.getElementById("list"));
  });
  const { waiting, alarms } = numbers(byId("list").dataset);
  document.title =
    (alarms ? "SPOED! " : "") +
    (waiting ? `(${waiting}) ` : "") +
    document.title.replace(/^(SPOED! )?(\(\d+\) )?/, "");
  if (waiting > waitedBefore) {
    byId("desk-status").textContent = waiting === 1 ? "Er wacht 1 gesprek." : `Er wachten ${waiting} gesprekken.`;
  }
  readClock();
}

const numbers = ({ waiting, alarms }) => ({ waiting: Number(waiting), alarms: Number(alarms) });

/** The list stays where it was when another conversation opens. */
function keepPlace() {
  try {
    byId("desk-list").scrollTop = Number(sessionStorage.getItem(LIST_PLACE));
    window.addEventListener("pagehide", () => sessionStorage.setItem(LIST_PLACE, String(byId("desk-list").scrollTop)));
  } catch {
    // No storage: it starts at the top.
  }
}

export function startList() {
  keepPlace();
  setInterval(() => list.request(), LIST_MS);
}
