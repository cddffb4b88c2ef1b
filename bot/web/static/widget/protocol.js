/** The words of the widget's socket; the server's side is bot/web/channels/widget.py. */

/** @typedef {"customer" | "assistant" | "agent" | "system"} Sender */
/** @typedef {"assistant" | "queue" | "agent" | "closed"} Owner */

/**
 * @typedef {object} Button
 * @property {string} title
 * @property {string | null} [payload] sent back with the title when pressed
 * @property {string | null} [url] opens a page instead
 */

/**
 * @typedef {object} Message
 * @property {string} id
 * @property {string} entry_id place in the log, "<ms>-<n>"
 * @property {Sender} sender
 * @property {string} text plain text, never markup
 * @property {Button[]} [buttons]
 * @property {{url: string, alt: string} | null} [image] the picture of an answer
 * @property {string | null} [agent_name]
 * @property {number} sent_at_ms
 */

/**
 * @typedef {object} Welcome
 * @property {"welcome"} type
 * @property {string} conversation_id
 * @property {string} token
 * @property {Message[]} messages
 * @property {Owner} owner
 * @property {string | null} agent_name
 * @property {number} max_text_chars
 * @property {"verified" | "refused" | null} [identity] whether the customer is who the page says, null if it does not say
 * @property {string} banner what the company tells every customer now, empty for nothing
 * @property {boolean} more with `after` in the hello: newer ones follow; without: older ones exist
 */

/**
 * @typedef {Welcome
 *   | {type: "ack", id: string, entry_id: string, repeated: boolean}
 *   | {type: "message", message: Message}
 *   | {type: "owner", owner: Owner, agent_name: string | null}
 *   | {type: "banner", text: string}
 *   | {type: "typing", sender: "assistant" | "agent"}
 *   | {type: "error", code: string, error: string, id: string | null, retry: boolean}
 *   | {type: "pong"}} ServerFrame
 */

/** Why the server closes: this page may not chat; the last frame was larger than it takes. */
export const CloseCode = Object.freeze({ forbidden: 1008, tooLarge: 1009 });

/**
 * Log order of two entry ids; they are two integers, so "9-0" comes before "10-0".
 * @param {string} a
 * @param {string} b
 * @returns {number} below zero if a comes first
 */
export function compareEntryIds(a, b) {
  const [aTime, aCount] = a.split("-").map(Number);
  const [bTime, bCount] = b.split("-").map(Number);
  return aTime - bTime || (aCount || 0) - (bCount || 0);
}

/** @returns {string} a random uuid, also on a plain http page, where crypto.randomUUID doesn't exist */
export function newMessageId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/**
 * Length as the server counts it: characters, where an emoji is one and not two.
 * @param {string} text
 */
export const countChars = (text) => [...text].length;
