/**
 * Keeps the desk fresh. The pages work without it: links, forms, a redirect after each action. This script hears over
 * one event stream which conversation changed, fetches the fragments that show it, and puts them in the page around
 * what the agent is doing: focus, typed text, scroll position and opened details stay.
 */

const REFRESH_MS = 250; // no more than four refreshes a second
const RETRY_MS = 3_000;
const TYPING_SHOWN_MS = 5_000;
const TYPING_SENT_MS = 3_000;
const SILENCE_MS = 40_000; // the server says something every 15 s
const LOST_SHOWN_MS = 2_500; // a reconnection that is quicker is not worth a word
const FORM_TIMEOUT_MS = 15_000;
const LIST_MS = 20_000; // trouble with a platform makes no event

const desk = document.getElementById("desk");
const conversationId = desk.dataset.conversationId ?? null;
const byId = (id) => document.getElementById(id);

/* Putting fresh HTML around what is there */

/** Change `old` into `fresh`, keeping every element that is still wanted, and all of what has `data-keep`. */
function morph(old, fresh) {
  if (old.hasAttribute("data-keep") || old.isEqualNode(fresh)) return;
  morphAttributes(old, fresh);
  morphChildren(old, fresh);
}

function morphAttributes(old, fresh) {
  // Whether details are open is the agent's choice.
  for (const { name } of [...old.attributes]) {
    if (name !== "open" && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (name !== "open" && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

function morphChildren(old, fresh) {
  const wanted = new Set([...fresh.children].map((child) => child.id).filter(Boolean));
  for (const child of [...old.children]) if (child.id && !wanted.has(child.id)) child.remove();
  const named = new Map([...old.children].filter((child) => child.id).map((child) => [child.id, child]));
  let place = old.firstChild;
  for (const want of [...fresh.childNodes]) {
    const have = want.id ? named.get(want.id) : sameKind(place, want) ? place : null;
    if (!have || have.nodeName !== want.nodeName) {
      old.insertBefore(want, place);
      continue;
    }
    if (have === place) place = place.nextSibling;
    else old.insertBefore(have, place);
    if (have instanceof Element) morph(have, want);
    else if (have.data !== want.data) have.data = want.data;
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

function sameKind(node, want) {
  return node && !node.id && node.nodeName === want.nodeName;
}

/** Run `change`, and put the focus back when what had it was moved or replaced; on `otherwise` when it is gone. */
function keepingFocus(change, otherwise = null) {
  const focused = document.activeElement;
  const owner = focused?.closest("[id]")?.id;
  change();
  if (!owner || focused === document.body || document.activeElement === focused) return;
  const target = focused.isConnected ? focused : (byId(owner) ?? otherwise);
  if (!target) return;
  target.focus({ preventScroll: true });
  if (document.activeElement !== target) target.querySelector("a, button, summary")?.focus({ preventScroll: true });
}

const parse = (html) => new DOMParser().parseFromString(html, "text/html");

/* What each fragment brings with it */

function showList(page) {
  const waitedBefore = Number(byId("list").dataset.waiting);
  keepingFocus(() => {
    morph(byId("desk-alarm"), page.getElementById("desk-alarm"));
    morph(byId("desk-trouble"), page.getElementById("desk-trouble"));
    morph(byId("list"), page.getElementById("list"));
  });
  const { waiting, alarms } = numbers(byId("list").dataset);
  document.title =
    (alarms ? "SPOED! " : "") +
    (waiting ? `(${waiting}) ` : "") +
    document.title.replace(/^(SPOED! )?(\(\d+\) )?/, "");
  if (waiting > waitedBefore) {
    byId("desk-status").textContent = waiting === 1 ? "Er wacht 1 gesprek." : `Er wachten ${waiting} gesprekken.`;
  }
  readClock();
}

const numbers = ({ waiting, alarms }) => ({ waiting: Number(waiting), alarms: Number(alarms) });

/** `ours`: the change is what the agent just asked for. */
function showConversation(fresh, { ours = false } = {}) {
  const { mode } = byId("conversation").dataset;
  const scroll = byId("transcript-scroll");
  // The log grows upwards from its end (column-reverse): 0 is the end, and further up is negative.
  const atEnd = scroll.scrollTop > -40;
  const fromTop = scroll.scrollHeight + scroll.scrollTop;
  const lastBefore = lastMessageId();
  keepingFocus(() => morph(byId("conversation"), fresh), byId("conversation-title"));
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

/* Times that count up */

let clockAheadMs = 0;

function readClock() {
  clockAheadMs = Number(byId("list").dataset.nowMs) - Date.now();
  tick();
}

/** As the server's filter `ago`. */
function ago(sinceMs) {
  const seconds = Math.max(0, Math.floor((Date.now() + clockAheadMs - sinceMs) / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  const minutes = String(Math.floor((seconds % 3600) / 60)).padStart(2, "0");
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} u ${minutes}`;
  const days = Math.floor(seconds / 86_400);
  return days === 1 ? "1 dag" : `${days} dagen`;
}

/** The platform's time to answer in ends without an event. */
function lookAtTheClock() {
  const endsAtMs = Number(byId("conversation").dataset.endsAtMs);
  if (!endsAtMs || Date.now() + clockAheadMs <= endsAtMs) return;
  delete byId("conversation").dataset.endsAtMs;
  conversation.request();
}

function tick() {
  if (conversation) lookAtTheClock();
  for (const time of document.querySelectorAll("time[data-since-ms]")) {
    const text = ago(Number(time.dataset.sinceMs));
    if (time.textContent !== text) time.textContent = text;
  }
}

/* Fetching again, not too often, never twice at once */

class Refresher {
  #url;
  #show;
  #timer = null;
  #busy = false;
  #again = false;
  #startedAt = 0;
  #turn = 0;

  constructor(url, show) {
    this.#url = url;
    this.#show = show;
  }

  request(waitMs = this.#startedAt + REFRESH_MS - Date.now()) {
    if (this.#busy) this.#again = true;
    else this.#timer ??= setTimeout(() => this.#run(), Math.max(0, waitMs));
  }

  /** What is on its way is older than what the page just got. */
  supersede() {
    this.#turn += 1;
  }

  async #run() {
    this.#timer = null;
    this.#busy = true;
    this.#again = false;
    this.#startedAt = Date.now();
    const turn = this.#turn;
    let failed = false;
    try {
      const response = await fetch(this.#url(), { headers: { "x-fragment": "1" } });
      if (response.status === 401) return showSignedOut();
      if (response.ok) {
        const html = await response.text();
        if (turn === this.#turn) this.#show(parse(html));
      } else failed = response.status >= 500;
    } catch {
      failed = true;
    } finally {
      this.#busy = false;
    }
    if (failed) this.request(RETRY_MS);
    else if (this.#again) this.request();
  }
}

const list = new Refresher(
  () => byId("list").dataset.url,
  (page) => showList(page),
);
const conversation =
  conversationId &&
  new Refresher(
    () => `${desk.dataset.url}/transcript`,
    (page) => showConversation(page.getElementById("conversation")),
  );

/* What happens, as the server tells it */

/**
 * One event stream for all tabs of the browser: over HTTP/1.1 a browser opens six connections to a site, and a seventh
 * tab would wait for ever. The tab that holds the lock has the stream and tells the others; when it closes, the next
 * one gets the lock. Without locks (no https) every tab has its own stream.
 */
class EventFeed {
  #onEvent;
  #onState;
  #source = null;
  #tabs = null;
  #heardAt = Date.now();
  #waitMs = 1_000;

  constructor(onEvent, onState) {
    this.#onEvent = onEvent;
    this.#onState = onState;
  }

  start() {
    setInterval(() => this.#checkSilence(), 5_000);
    window.addEventListener("online", () => this.#source && this.#connect());
    if (!navigator.locks || !window.BroadcastChannel) return this.#connect();
    this.#tabs = new BroadcastChannel("desk-events");
    this.#tabs.onmessage = ({ data }) => this.#hear(data);
    navigator.locks.request("desk-events", () => {
      this.#connect();
      return new Promise(() => {}); // until the tab closes
    });
  }

  #connect() {
    this.#source?.close();
    const source = (this.#source = new EventSource("/desk/events"));
    source.onopen = () => (this.#waitMs = 1_000);
    source.onmessage = ({ data }) => this.#tell(JSON.parse(data));
    source.addEventListener("alive", () => this.#tell({ type: "alive" }));
    source.onerror = () => {
      this.#tell({ type: "lost" });
      // The browser gives up after an HTTP error; we don't.
      if (source.readyState === EventSource.CLOSED && source === this.#source) this.#connectLater();
    };
  }

  #connectLater() {
    list.request(); // says whether we are still signed in
    setTimeout(() => this.#connect(), this.#waitMs);
    this.#waitMs = Math.min(this.#waitMs * 2, 15_000);
  }

  #tell(event) {
    this.#hear(event);
    this.#tabs?.postMessage(event);
  }

  #hear(event) {
    if (event.type === "lost") return this.#onState(false);
    this.#heardAt = Date.now();
    this.#onState(true);
    if (event.type !== "alive") this.#onEvent(event);
  }

  /** A laptop that slept, or a network that drops without a word. */
  #checkSilence() {
    if (Date.now() - this.#heardAt < SILENCE_MS) return;
    this.#onState(false);
    if (this.#source) {
      this.#heardAt = Date.now();
      this.#connect();
    }
  }
}

function onEvent(event) {
  const concernsOpen = event.type === "resync" || event.conversation_id === conversationId;
  if (event.type === "typing") {
    if (event.sender === "customer" && concernsOpen) customerTyping.show();
    return;
  }
  if (event.type !== "state") list.request();
  if (concernsOpen) conversation?.request();
}

const LOST = "Geen verbinding. We proberen het steeds opnieuw.";
let signedOut = false;
let lostTimer = null;

function onState(connected) {
  if (signedOut) return;
  if (connected) {
    clearTimeout(lostTimer);
    lostTimer = null;
    say("connection-bar", "");
  } else {
    lostTimer ??= setTimeout(() => say("connection-bar", LOST), LOST_SHOWN_MS);
  }
}

function say(id, text) {
  if (byId(id).textContent !== text) byId(id).textContent = text;
}

function showSignedOut() {
  if (signedOut) return;
  signedOut = true;
  const link = document.createElement("a");
  link.href = `/sign-in?next=${encodeURIComponent(location.pathname)}`;
  link.textContent = "Log opnieuw in";
  byId("connection-bar").replaceChildren("Je bent uitgelogd. ", link, ". Wat je typte, blijft staan.");
}

const customerTyping = {
  timer: null,
  show() {
    say("customer-typing", "Klant typt…");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.hide(), TYPING_SHOWN_MS);
  },
  hide() {
    if (byId("customer-typing")) say("customer-typing", "");
  },
};

/* The reply box */

/** The typed text is kept for this tab, with the id that goes with it: sending it twice stores it once. */
class ReplyBox {
  #key = `desk-draft:${conversationId}`;
  #typingSentAt = 0;
  text = byId("reply");
  messageId = byId("message-id");

  constructor() {
    if (!this.text.value) this.#restore();
    this.text.addEventListener("input", () => this.#typed());
    this.text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
      event.preventDefault();
      if (!byId("send").disabled) byId("composer").requestSubmit();
    });
    this.fit();
  }

  get isOurs() {
    return byId("conversation").dataset.mode === "mine";
  }

  /** What is shown, after the page changed around it. */
  fit() {
    // Sent after all, though the answer to the form got lost.
    const arrived = document.querySelector(`[data-message-id="${CSS.escape(this.messageId.value)}"]`);
    if (arrived && !sending) this.clear(newMessageId());
    byId("composer").hidden = !this.isOurs && !this.text.value.trim();
    // What was typed stays to be read and copied.
    this.text.readOnly = sending || byId("conversation").hasAttribute("data-blocked");
  }

  /** Empty, for the next answer. */
  clear(messageId) {
    this.text.value = "";
    this.messageId.value = messageId;
    this.#save();
  }

  #typed() {
    this.#save();
    if (!this.text.value.trim() || !this.isOurs || Date.now() - this.#typingSentAt < TYPING_SENT_MS) return;
    this.#typingSentAt = Date.now();
    fetch(`${desk.dataset.url}/typing`, { method: "POST" }).catch(() => {});
  }

  #save() {
    try {
      if (this.text.value) {
        sessionStorage.setItem(this.#key, JSON.stringify({ text: this.text.value, messageId: this.messageId.value }));
      } else sessionStorage.removeItem(this.#key);
    } catch {
      // Storage that is full or switched off costs the draft its second copy, no more.
    }
  }

  #restore() {
    try {
      const draft = JSON.parse(sessionStorage.getItem(this.#key));
      if (!draft) return;
      this.text.value = draft.text;
      this.messageId.value = draft.messageId;
    } catch {
      // Not ours, or switched off.
    }
  }
}

/** 128 random bits; crypto.randomUUID is not there on plain http. */
function newMessageId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/* Actions, without leaving the page */

let sending = false;

async function send(form) {
  sending = true;
  composer.text.readOnly = true; // what is typed now would be cleared with what is sent
  form.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(form.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      signal: AbortSignal.timeout(FORM_TIMEOUT_MS),
    });
    if (response.status === 401) return showSignedOut();
    const page = parse(await response.text());
    if (page.getElementById("conversation")) showAnswer(form, page, response.ok);
    else showProblem(PROBLEMS[response.status] ?? "Dat lukte niet. Probeer het zo opnieuw.");
  } catch {
    showProblem("Geen verbinding. Je tekst staat er nog. Probeer het zo opnieuw.");
  } finally {
    sending = false;
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

/** The page that the server answered a form with: after a redirect, or with a notice why it was not done. */
function showAnswer(form, page, done) {
  list.supersede();
  conversation.supersede();
  byId("desk-notice").replaceChildren(...page.getElementById("desk-notice").childNodes);
  if (done && form.id === "composer") composer.clear(page.getElementById("message-id").value);
  showList(page);
  showConversation(page.getElementById("conversation"), { ours: true });
  if (done && form.id === "composer") byId("transcript-scroll").scrollTop = 0;
  if (composer.isOurs) composer.text.focus();
  else if (document.activeElement === document.body) byId("conversation-title").focus();
}

function showProblem(text) {
  const notice = document.createElement("div");
  notice.className = "notice notice-bad";
  notice.setAttribute("role", "alert");
  notice.textContent = text;
  byId("desk-notice").replaceChildren(notice);
}

/* Starting */

const composer = conversationId ? new ReplyBox() : null;

if (conversationId) {
  byId("conversation").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!sending) send(event.target);
  });
  byId("new-messages").addEventListener("click", () => (byId("transcript-scroll").scrollTop = 0));
  byId("transcript-scroll").addEventListener("scroll", ({ target }) => {
    if (target.scrollTop > -40) byId("new-messages").hidden = true;
  });
}

// The list stays where it was when another conversation opens.
const LIST_PLACE = "desk-list-place";
try {
  byId("desk-list").scrollTop = Number(sessionStorage.getItem(LIST_PLACE));
  window.addEventListener("pagehide", () => sessionStorage.setItem(LIST_PLACE, String(byId("desk-list").scrollTop)));
} catch {
  // No storage: it starts at the top.
}

readClock();
setInterval(tick, 1_000);
setInterval(() => list.request(), LIST_MS);
new EventFeed(onEvent, onState).start();
// Between the page and the stream something may have happened; the stream's first event covers its own tab only.
list.request(REFRESH_MS);
conversation?.request(REFRESH_MS);
