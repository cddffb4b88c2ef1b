/** The third column: who the customer is. Its forms are answered with the card, without leaving the page. */

import { hear } from "./feed.js";
import { keepingFocus, morph } from "./morph.js";
import { showProblem, showSignedOut } from "./notices.js";
import { byId, conversationId, desk, parse, say } from "./page.js";
import { Refresher } from "./refresher.js";
import { shortcut } from "./shortcuts.js";

const FORM_TIMEOUT_MS = 15_000;
const COPIED_MS = 2_000;
const SETTLED_MS = 250;
/** As in customer.css: beside the conversation from this width on, else folded under it. */
const WIDE = matchMedia("(min-width: 80rem)");

const customerCard = new Refresher(() => byId("customer-card").dataset.url, show);

function show(page) {
  const fresh = page.getElementById("customer-card");
  if (!fresh) return;
  keepingFocus(() => morph(byId("customer-card"), fresh), byId("customer-name"));
  showCopyButtons();
}

/* Forms */

async function send(form) {
  customerCard.supersede();
  form.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(...asked(form));
    if (response.status === 401) return showSignedOut();
    const page = parse(await response.text());
    if (!page.getElementById("customer-card")) return showProblem("Dat lukte niet. Probeer het zo opnieuw.");
    customerCard.supersede();
    if (response.ok) forget(form);
    show(page);
    customerCard.request(); // what was asked before the change may have been on its way
  } catch {
    showProblem("Geen verbinding. Wat je typte, staat er nog.");
  } finally {
    form.removeAttribute("aria-busy");
  }
}

/** What to fetch for a form. */
function asked(form) {
  const fields = new URLSearchParams(new FormData(form));
  const options = { headers: { "x-fragment": "1" }, signal: AbortSignal.timeout(FORM_TIMEOUT_MS) };
  if (form.method === "get") return [`${new URL(form.action).pathname}?${fields}`, options];
  return [form.action, { ...options, method: "POST", body: fields }];
}

/** What was saved is not typed any more; a field that only looks for something keeps it. */
function forget(form) {
  if (form.method !== "post") return;
  for (const area of form.querySelectorAll("textarea")) area.value = "";
  const fold = form.closest("details.customer-deed");
  if (fold?.contains(document.activeElement)) fold.querySelector("summary").focus();
  if (fold) fold.open = false;
}

/* Copying */

function showCopyButtons() {
  for (const button of byId("customer-card").querySelectorAll("[data-copy]")) button.hidden = false;
}

async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    // Without https there is no clipboard to write to: what is selected can be copied by hand.
    getSelection().selectAllChildren(button.closest("div").querySelector("dd"));
    return;
  }
  const words = button.firstChild;
  words.data = "Gekopieerd";
  say("desk-status", `${button.dataset.copy} gekopieerd.`);
  setTimeout(() => (words.data = "Kopieer"), COPIED_MS);
}

/* On a narrow screen it covers part of the conversation, until it is folded again */

function fold() {
  byId("customer-fold").open = WIDE.matches;
}

function toCard() {
  byId("customer-fold").open = true;
  byId("customer-name").focus();
}

export function startCustomerCard() {
  const card = byId("customer-card");
  card.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!event.target.hasAttribute("aria-busy")) send(event.target);
  });
  card.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-copy]");
    if (button) copy(button);
  });
  showCopyButtons();
  if (location.hash !== "#customer-card") fold();
  desk.dataset.customerReady = "";
  WIDE.addEventListener("change", fold);
  card.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || WIDE.matches || !byId("customer-fold").open) return;
    event.stopPropagation();
    fold();
    byId("customer-summary").focus();
  });
  hear("resync", () => customerCard.request());
  hear("changes", ({ ids }) => ids.includes(conversationId) && customerCard.request());
  customerCard.request(SETTLED_MS); // as the rest of the page
  shortcut("g k", "Naar de klant", toCard);
  shortcut("g z", "Zoeken in gesprekken", () => location.assign("/desk/search"));
}
