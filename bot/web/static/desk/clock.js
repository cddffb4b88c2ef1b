/** Times that count up, by the server's clock. */

import { byId } from "./page.js";

const actions = [];
let clockAheadMs = 0;

export const serverNow = () => Date.now() + clockAheadMs;

/** The server says what time it is with every list, and with every change. */
export function setClock(nowMs) {
  clockAheadMs = nowMs - Date.now();
  tick();
}

/** As the server's filter `ago`. */
const ago = (sinceMs) => duration(Math.max(0, serverNow() - sinceMs));

function duration(ms) {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  const minutes = String(Math.floor((seconds % 3600) / 60)).padStart(2, "0");
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} u ${minutes}`;
  const days = Math.floor(seconds / 86_400);
  return days === 1 ? "1 dag" : `${days} dagen`;
}

/** As promise.py: it gets tight in the last third of the time, and always in the last minutes. */
const TIGHT_MS = 5 * 60_000;
const TIGHT_PART = 3;

function showPromise(promise) {
  const { fromMs, dueMs } = promise.dataset;
  const leftMs = Number(dueMs) - serverNow();
  const tight = leftMs < Math.max(TIGHT_MS, (Number(dueMs) - Number(fromMs)) / TIGHT_PART);
  const level = leftMs <= 0 ? "bad" : tight ? "warn" : "good";
  const time = duration(Math.abs(leftMs));
  const texts = { bad: `${time} te laat`, warn: `nog maar ${time}`, good: `nog ${time}` };
  write(promise.querySelector(".promise-left"), texts[level]);
  for (const one of ["good", "warn", "bad"]) promise.classList.toggle(`promise-${one}`, one === level);
}

function write(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

/** Call `action` every second, and whenever something new is on the page. */
export function everySecond(action) {
  actions.push(action);
}

export function tick() {
  for (const action of actions) action(serverNow());
  for (const time of document.querySelectorAll("time[data-since-ms]")) {
    write(time, ago(Number(time.dataset.sinceMs)));
  }
  document.querySelectorAll(".promise[data-due-ms]").forEach(showPromise);
}

export function startClock() {
  setClock(Number(byId("list").dataset.nowMs));
  setInterval(tick, 1_000);
}
