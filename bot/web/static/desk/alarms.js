/** Above everything: who may be in danger. */

import { morph } from "./morph.js";
import { byId, parse, say } from "./page.js";
import { keyOf } from "./rows.js";

const SHOWN = 3;

/** Call out a conversation, or no longer. A customer of a colleague is not called out here. */
export function showAlarm(id, html) {
  const old = byId(`alarm-${keyOf(id)}`);
  const fresh = html && document.adoptNode(parse(html).querySelector("a"));
  const { account } = byId("list").dataset;
  if (!fresh || !["", account].includes(fresh.dataset.account)) return old?.remove();
  if (old) morph(old, fresh);
  else byId("alarm-more").before(fresh);
}

/** What the bar says after it changed. */
export function fitAlarms() {
  const bar = byId("desk-alarm");
  const many = bar.querySelectorAll("a").length;
  // An alert that is there before it has words is not read out again with each of them.
  if (many) bar.setAttribute("role", "alert");
  else bar.removeAttribute("role");
  byId("alarm-more").hidden = many <= SHOWN;
  say("alarm-count", String(many - SHOWN));
}

export const alarms = () => byId("desk-alarm").querySelectorAll("a").length;
