import { SafeStorage } from "./safe-storage.js";

/** Who the page says is signed in; `hash` proves it. See docs/how-to/identity.md. */
/** @typedef {{id: string, hash: string, name: string, email: string}} Customer */

export const CUSTOMER_ATTRIBUTES = ["data-customer-id", "data-customer-hash", "data-customer-name", "data-customer-email"];

/** What the browser keeps of a chat. */
const KEPT = ["token", "read", "unsent"];

/**
 * @param {HTMLElement} element
 * @returns {Customer | null} null while nobody is signed in
 */
export function customerOf({ dataset }) {
  const { customerId: id, customerHash: hash = "", customerName: name = "", customerEmail: email = "" } = dataset;
  return id ? { id, hash, name, email } : null;
}

/**
 * Each customer of this browser has a storage of their own, so that whoever uses it next does not read on in the chat of
 * who signed out. A chat that began before signing in goes along, once.
 * @param {URL} server
 * @param {Customer | null} customer
 */
export function storageFor(server, customer) {
  const visitor = new SafeStorage(`vraagbaak:${server.href}`);
  if (!customer) return visitor;
  const own = new SafeStorage(`vraagbaak:${server.href}:customer:${customer.id}`);
  const isNew = !own.get("token") && !own.get("unsent");
  if (isNew && (visitor.get("token") || visitor.get("unsent"))) {
    for (const name of KEPT) own.set(name, visitor.get(name));
    for (const name of KEPT) visitor.set(name, null);
  }
  return own;
}

/** @param {"verified" | "refused" | null | undefined} verdict of the server */
export function reportIdentity(verdict) {
  if (verdict !== "refused") return;
  console.error(
    "chat-widget: data-customer-hash does not fit data-customer-id, or the server has no BOT_IDENTITY_SECRET. " +
      "The chat goes on without knowing who the customer is. See docs/how-to/identity.md.",
  );
}
