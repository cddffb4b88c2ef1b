/** Actions on the open conversation, without leaving the page. */

import { composer } from "./composer.js";
import { conversation, showConversation } from "./conversation.js";
import { closeMenu } from "./deeds.js";
import { list, showList } from "./list.js";
import { showProblem, showSignedOut } from "./notices.js";
import { byId, parse } from "./page.js";

const FORM_TIMEOUT_MS = 15_000;

/** Whether the agent goes elsewhere from now on, until `done`: then the answer to a form does not take the focus. */
function watchLeaving() {
  const watching = new AbortController();
  const leaving = { left: false, done: () => watching.abort() };
  const look = ({ key = "Tab" }) => (leaving.left ||= ["Escape", "Tab"].includes(key));
  for (const type of ["keydown", "pointerdown"]) {
    document.addEventListener(type, look, { capture: true, signal: watching.signal });
  }
  return leaving;
}

async function send(form) {
  const leaving = watchLeaving();
  composer.beforeSending(form);
  composer.sending = true;
  form.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(form.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      signal: AbortSignal.timeout(FORM_TIMEOUT_MS),
    });
    if (response.status === 401) return showSignedOut();
    const page = parse(await response.text());
    if (page.getElementById("conversation")) showAnswer(form, page, response.ok, leaving.left);
    else showProblem(PROBLEMS[response.status] ?? "Dat lukte niet. Probeer het zo opnieuw.");
  } catch {
    showProblem("Geen verbinding. Je tekst staat er nog. Probeer het zo opnieuw.");
  } finally {
    leaving.done();
    composer.sending = false;
    form.removeAttribute("aria-busy");
    composer.fit();
  }
}

const PROBLEMS = {
  403: "Met jouw account mag dat niet.",
  404: "Dit gesprek bestaat niet meer.",
  413: "Je tekst is te lang.",
  503: "We kunnen nu niets opslaan. Je tekst staat er nog. Probeer het over een minuut opnieuw.",
};

/** The answer to a form has the last messages, also when earlier ones were read: what comes later belongs behind those. */
function leaveEarlier() {
  const url = new URL(location.href);
  if (!url.searchParams.has("before")) return;
  url.searchParams.delete("before");
  history.replaceState(history.state, "", url);
}

/** The page that the server answered a form with: after a redirect, or with a notice why it was not done. */
function showAnswer(form, page, done, left) {
  const wasInMenu = done && closeMenu(form);
  leaveEarlier();
  list.supersede();
  conversation.supersede();
  byId("desk-notice").replaceChildren(...page.getElementById("desk-notice").childNodes);
  const box = composer.answered(form, page, done);
  showList(page);
  list.request(); // what changed elsewhere since that page was made
  showConversation(page.getElementById("conversation"), { ours: true });
  if (done && box) byId("transcript-scroll").scrollTop = 0;
  if (left || form.hasAttribute("data-labels")) return;
  if ((composer.isOurs && !wasInMenu) || box) composer.focus();
  else if (document.activeElement === document.body) byId("conversation-title").focus();
}

export function startActions() {
  byId("conversation").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!composer.sending) send(event.target);
  });
}
