/** Times that count up, by the server's clock. */

import { byId } from "./page.js";

const actions = [];
let clockAheadMs = 0;

export const serverNow = () => Date.now() + clockAheadMs;

/** The server says what time it is with every list. */
export function readClock() {
  clockAheadMs = Number(byId("list").dataset.nowMs) - Date.now();
  tick();
}

/** As the server's filter `ago`. */
function ago(sinceMs) {
  const seconds = Math.max(0, Math.floor((serverNow() - sinceMs) / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  const minutes = String(Math.floor((seconds % 3600) / 60)).padStart(2, "0");
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} u ${minutes}`;
  const days = Math.floor(seconds / 86_400);
  return days === 1 ? "1 dag" : `${days} dagen`;
}

/** Call `action` every second, and whenever something new is on the page. */
export function everySecond(action) {
  actions.push(action);
}

export function tick() {
  for (const action of actions) action(serverNow());
  for (const time of document.querySelectorAll("time[data-since-ms]")) {
    const text = ago(Number(time.dataset.sinceMs));
    if (time.textContent !== text) time.textContent = text;
  }
}

export function startClock() {
  readClock();
  setInterval(tick, 1_000);
}
