/**
 * Keeps the desk fresh. The pages work without it: links, forms, a redirect after each action. This script hears over
 * one event stream which conversation changed, fetches the fragments that show it, and puts them in the page around
 * what the agent is doing: focus, typed text, scroll position and opened details stay.
 */

import { startActions } from "./desk/actions.js";
import { startClock } from "./desk/clock.js";
import { conversation, customerTyping, startConversation } from "./desk/conversation.js";
import { EventFeed } from "./desk/feed.js";
import { list, startList } from "./desk/list.js";
import { showConnection } from "./desk/notices.js";
import { conversationId } from "./desk/page.js";
import { startShortcuts } from "./desk/shortcuts.js";

const SETTLED_MS = 250;

function onEvent(event) {
  const concernsOpen = event.type === "resync" || event.conversation_id === conversationId;
  if (event.type === "typing") {
    if (event.sender === "customer" && concernsOpen) customerTyping.show();
    return;
  }
  if (event.type !== "state") list.request();
  if (concernsOpen) conversation?.request();
}

startList();
if (conversation) {
  startConversation();
  startActions();
}
startShortcuts();
startClock();
new EventFeed(onEvent, showConnection, () => list.request()).start();
// Between the page and the stream something may have happened; the stream's first event covers its own tab only.
list.request(SETTLED_MS);
conversation?.request(SETTLED_MS);
