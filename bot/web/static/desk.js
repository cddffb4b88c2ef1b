/**
 * Keeps the desk fresh. The pages work without it: links, forms, a redirect after each action. This script hears over
 * one event stream what changed, and puts it in the page around what the agent is doing: focus, typed text, scroll
 * position and opened details stay.
 */

import { startActions } from "./desk/actions.js";
import { showNotice, startAttention } from "./desk/attention.js";
import { composer } from "./desk/composer.js";
import { startClock } from "./desk/clock.js";
import { conversation, customerTyping, startConversation } from "./desk/conversation.js";
import { startDeeds } from "./desk/deeds.js";
import { startCustomerCard } from "./desk/customer.js";
import { EventFeed, hear, tell } from "./desk/feed.js";
import { applyChanges, list, showTroubles, startList } from "./desk/list.js";
import { showConnection, showReplaced } from "./desk/notices.js";
import { conversationId } from "./desk/page.js";
import { showDraft } from "./desk/rows.js";
import { startShortcuts } from "./desk/shortcuts.js";
import { viewersChanged } from "./desk/viewers.js";

const SETTLED_MS = 250;

hear("resync", () => {
  list.request();
  conversation?.request();
});
hear("changes", (changes) => {
  applyChanges(changes);
  if (changes.ids.includes(conversationId)) conversation?.request();
});
hear("troubles", ({ troubles }) => showTroubles(troubles));
hear("typing", ({ sender, conversation_id }) => {
  if (sender === "customer" && conversation_id === conversationId) customerTyping.show();
});
hear("viewing", ({ conversation_id }) => {
  if (conversation_id === conversationId) viewersChanged();
});
hear("draft", ({ conversation_id, has_draft }) => showDraft(conversation_id, has_draft));
hear("notify", showNotice);

const feed = new EventFeed(tell, showConnection, () => list.request());
hear("replaced", () => showReplaced(() => feed.resume()));
startList();
if (conversation) {
  startConversation();
  startActions();
  composer.start();
  startDeeds();
  startCustomerCard();
}
startShortcuts();
startAttention(feed);
startClock();
feed.start();
// Between the page and the stream something may have happened; the stream's first event covers its own tab only.
list.request(SETTLED_MS);
conversation?.request(SETTLED_MS);
