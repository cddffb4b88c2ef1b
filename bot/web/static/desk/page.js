/** The page that the desk is on, and which conversation is open on it. */

export const byId = (id) => document.getElementById(id);
export const desk = byId("desk");
/** Null without an open conversation. */
export const conversationId = desk.dataset.conversationId ?? null;

export const parse = (html) => new DOMParser().parseFromString(html, "text/html");

/** Text of a live region: written only when it is another one, so that it is said once. */
export function say(id, text) {
  const place = byId(id);
  if (place && place.textContent !== text) place.textContent = text;
}
