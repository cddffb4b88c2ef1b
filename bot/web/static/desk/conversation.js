/** The right side: the open conversation. */

import { everySecond, tick } from "./clock.js";
import { composer } from "./composer.js";
import { keepingFocus, morph } from "./morph.js";
import { showProblem } from "./notices.js";
import { byId, conversationId, desk, say } from "./page.js";
import { Refresher } from "./refresher.js";

const TYPING_SHOWN_MS = 5_000;

/** Null without an open conversation. */
export const conversation =
  conversationId &&
  new Refresher(
    () => `${desk.dataset.url}/transcript${location.search}`,
    (page) => showConversation(page.getElementById("conversation")),
  );

const seenAtFirst = conversationId && byId("conversation").dataset.customerEntryId;

/** Who reads earlier messages did not see what came since: to close or put away is held back for it, as an answer is. */
function keepUnseen() {
  if (!byId("transcript-newest")) return;
  for (const seen of byId("conversation-head").querySelectorAll("input[name=seen_entry_id]")) seen.value = seenAtFirst;
}

/** `ours`: the change is what the agent just asked for. */
export function showConversation(fresh, { ours = false } = {}) {
  const { mode } = byId("conversation").dataset;
  const scroll = byId("transcript-scroll");
  // The log grows upwards from its end (column-reverse): 0 is the end, and further up is negative.
  const atEnd = scroll.scrollTop > -40;
  const fromTop = scroll.scrollHeight + scroll.scrollTop;
  const lastBefore = lastMessageId();
  keepingFocus(() => morph(byId("conversation"), fresh), byId("conversation-title"));
  keepUnseen();
  const now = byId("conversation").dataset;
  if (!ours && ["mine", "waiting"].includes(mode) && now.mode !== mode && now.mode !== "mine") {
    showProblem(`Dit gesprek is nu ${now.place}.`);
  }
  if (!atEnd) {
    scroll.scrollTop = fromTop - scroll.scrollHeight;
    if (lastMessageId() !== lastBefore) byId("new-messages").hidden = false;
  }
  if (lastMessageId() !== lastBefore) customerTyping.hide();
  composer?.fit();
  tick();
}

const lastMessageId = () => byId("transcript").lastElementChild?.id;

export const customerTyping = {
  timer: null,
  show() {
    say("customer-typing", "Klant typt…");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.hide(), TYPING_SHOWN_MS);
  },
  hide() {
    say("customer-typing", "");
  },
};

/** The platform's time to answer in ends without an event. */
function lookAtTheClock(nowMs) {
  const endsAtMs = Number(byId("conversation").dataset.endsAtMs);
  if (!endsAtMs || nowMs <= endsAtMs) return;
  delete byId("conversation").dataset.endsAtMs;
  conversation.request();
}

export function startConversation() {
  byId("new-messages").addEventListener("click", () => (byId("transcript-scroll").scrollTop = 0));
  byId("transcript-scroll").addEventListener("scroll", ({ target }) => {
    if (target.scrollTop > -40) byId("new-messages").hidden = true;
  });
  everySecond(lookAtTheClock);
}
