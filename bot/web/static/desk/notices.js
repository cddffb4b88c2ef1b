/** What the agent must know about the desk itself: no connection, signed out, an action that failed. */

import { byId, desk, say } from "./page.js";

const LOST_SHOWN_MS = 2_500; // a reconnection that is quicker is not worth a word
const LOST = "Geen verbinding. We proberen het steeds opnieuw.";
let signedOut = false;
let lostTimer = null;

/** Whether the events come in; `data-connected` on the desk says so to other scripts and tests. */
export function showConnection(connected) {
  desk.toggleAttribute("data-connected", connected);
  if (signedOut) return;
  if (connected) {
    clearTimeout(lostTimer);
    lostTimer = null;
    say("connection-bar", "");
  } else {
    lostTimer ??= setTimeout(() => say("connection-bar", LOST), LOST_SHOWN_MS);
  }
}

/** The desk is open in too many places, and this one was the first. `resume()` listens here again. */
export function showReplaced(resume) {
  if (signedOut) return;
  const again = document.createElement("button");
  again.type = "button";
  again.className = "button button-small";
  again.textContent = "Werk deze pagina weer bij";
  again.addEventListener("click", resume, { once: true });
  const why = "Je hebt de desk op te veel plekken open. Hier komt niets nieuws meer binnen. ";
  byId("connection-bar").replaceChildren(why, again);
}

export function showSignedOut() {
  if (signedOut) return;
  signedOut = true;
  clearTimeout(lostTimer); // or the bar would soon say that there is no connection, and not why
  const link = document.createElement("a");
  link.href = `/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`;
  link.textContent = "Log opnieuw in";
  byId("connection-bar").replaceChildren("Je bent uitgelogd. ", link, ". Wat je typte, blijft staan.");
}

export function showProblem(text) {
  const notice = document.createElement("div");
  notice.className = "notice notice-bad";
  notice.setAttribute("role", "alert");
  notice.textContent = text;
  byId("desk-notice").replaceChildren(notice);
}
