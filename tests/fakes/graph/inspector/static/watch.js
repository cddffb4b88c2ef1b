/** What Meta knows and saw, and the switches. */
import { byId, el, keep, setText } from "./dom.js";
import { act } from "./fake.js";
import { ALERT, DELIVERY, FAULTS, clock, left, time } from "./words.js";

let customer = null;
let offsetHours = 0;
let isSubscribed = true;

const who = () => ({ page: customer.page, psid: customer.psid });

export function startWatch() {
  byId("fault").append(...FAULTS.map(([name], index) => el("option", { value: String(index) }, name)));
  byId("failing").addEventListener("submit", (event) => {
    event.preventDefault();
    act("fails", { ...FAULTS[Number(byId("fault").value)][1], times: Number(byId("times").value) });
  });
  byId("inbox").addEventListener("submit", async (event) => {
    event.preventDefault();
    const field = byId("inbox-text");
    if (await act("inbox_replies", { ...who(), text: field.value || field.placeholder })) field.value = "";
  });
  for (const button of document.querySelectorAll("[data-do]")) button.addEventListener("click", () => press(button));
}

function press(button) {
  const given = { ...who(), silently: Boolean(button.dataset.silently) };
  if (button.dataset.do === "advances") given.hours = button.id === "clock-back" ? -offsetHours : Number(button.dataset.hours);
  if (button.dataset.do === "subscribes") given.off = isSubscribed;
  act(button.dataset.do, given);
}

export function showWatch(next, page, state) {
  customer = next;
  isSubscribed = page.fields.length > 0;
  offsetHours = state.offset_ms / 3_600_000;
  showSwitches(page, state);
  showStanding(page, state);
  showAlerts(state);
  keep(byId("calls"), state.calls, (call) => call.number, callRow);
  keep(byId("deliveries"), state.deliveries, (delivery) => delivery.number, deliveryRow);
  showPage(page, state);
}

function showSwitches(page, { now_ms, faults }) {
  setText(byId("clock"), clock(now_ms));
  byId("clock-back").hidden = Math.abs(offsetHours) < 0.01;
  byId("mend").hidden = !faults.length;
  setText(byId("subscription"), isSubscribed ? "Zeg het abonnement op" : "Abonneer de pagina weer");
  setText(byId("reach"), customer.reachable ? "Klant blokkeert de pagina" : "Klant is weer bereikbaar");
  setText(byId("police"), page.blocked ? "Meta deblokkeert de pagina" : "Meta blokkeert de pagina");
}

function showStanding(page, { now_ms, sent, sent_twice, faults }) {
  const owner = customer.owner || (customer.has_floor ? "niemand, Vraagbaak mag" : "niemand");
  const rows = [
    ["Wie het woord heeft", owner, customer.has_floor ? "good" : "warn"],
    ["Vraagbaak hoort het als", customer.has_floor ? "gesprek" : "meelezer (standby)"],
    ["24 uur om te antwoorden", left(customer.window_ends_ms, now_ms), customer.window_ends_ms > now_ms ? "good" : "warn"],
    ["7 dagen, alleen een mens", left(customer.agent_ends_ms, now_ms)],
    ["Berichten van Vraagbaak", `${sent}${sent_twice.length ? `, waarvan ${sent_twice.length} dubbel` : ""}`, sent_twice.length ? "bad" : ""],
    ["Wat gaat mislukken", faults.map(({ name, on, times }) => `${name} (${on}, ${times}×)`).join(", ") || "niets", faults.length ? "warn" : ""],
    ["Klant", `${customer.psid}${customer.reachable ? "" : ", niet bereikbaar"}`, customer.reachable ? "" : "warn"],
  ];
  keep(byId("standing"), rows, ([name]) => name, ([name, value, tone]) =>
    el("div", {}, el("dt", {}, name), el("dd", { class: tone || null }, value)),
  );
}

function showAlerts({ alerts }) {
  const items = alerts.map((text, index) => ({ text, index }));
  keep(byId("alerts"), items, ({ index }) => index, ({ text }) => el("li", {}, `Meta meldt: ${alertWords(text)}`));
}

/** As `1001: what happened`. */
function alertWords(text) {
  const what = text.slice(text.indexOf(": ") + 2);
  return ALERT[what] ?? what;
}

function callRow(call) {
  const tone = call.status === null ? "warn" : call.status < 400 ? "good" : "bad";
  const refusal = call.answer?.error;
  const code = refusal ? ` ${refusal.code}${refusal.error_subcode ? `/${refusal.error_subcode}` : ""}` : "";
  return el(
    "li",
    {},
    el(
      "details",
      {},
      el(
        "summary",
        {},
        el("span", { class: "when" }, time(call.at_ms)),
        el("span", { class: `state ${tone}` }, `${call.status ?? "…"}${code}`),
        el("span", { class: "what" }, `${call.method} ${shortened(call.path)}`),
        el("span", { class: "words" }, callWords(call)),
      ),
      json("Gevraagd", { ...call.query, ...call.body }),
      call.answer && json("Geantwoord", call.answer),
      el("p", { class: "small" }, `${call.version || "zonder versie"} · ${call.took_ms} ms`),
    ),
  );
}

const shortened = (path) => path.split("/").map((part) => (part.length > 24 ? `${part.slice(0, 20)}…` : part)).join("/");

function callWords({ body }) {
  if (body.sender_action) return body.sender_action;
  const message = body.message;
  if (typeof message === "string") return message;
  return message?.text ?? message?.attachment?.payload?.text ?? message?.attachment?.type ?? body.name ?? "";
}

function deliveryRow(delivery) {
  const tone = { delivered: "good", waiting: "warn", held: "warn" }[delivery.state] ?? "bad";
  return el(
    "li",
    {},
    el(
      "details",
      {},
      el(
        "summary",
        {},
        el("span", { class: "when" }, time(delivery.at_ms)),
        el("span", { class: `state ${tone}` }, DELIVERY[delivery.state]),
        el("span", { class: "what" }, `${delivery.what.join(", ") || "leeg"}${delivery.standby ? " (standby)" : ""}`),
        el("span", { class: "words" }, attemptWords(delivery.attempts)),
      ),
      json("Bezorgd", delivery.body),
      el("button", { type: "button", class: "again", onclick: () => act("repeats", { number: delivery.number }) }, "Bezorg nog een keer"),
    ),
  );
}

function attemptWords(attempts) {
  if (!attempts.length) return "";
  const { status, problem, took_ms } = attempts.at(-1);
  const times = attempts.length > 1 ? `${attempts.length}× geprobeerd, ` : "";
  return `${times}${status ?? PROBLEM[problem] ?? problem} · ${took_ms} ms`;
}

const PROBLEM = {
  "verification failed": "webhook gaf de challenge niet terug",
  ClientConnectorError: "bot antwoordt niet",
  ServerDisconnectedError: "verbinding brak",
};

function json(title, value) {
  return el("div", {}, el("h3", {}, title), el("pre", { tabIndex: 0 }, JSON.stringify(value, null, 2)));
}

function showPage(page, { personas, webhook }) {
  const mine = personas.filter((persona) => persona.page === page.id);
  const profile = Object.entries(page.profile);
  const parts = [
    { title: "Webhook", text: webhook.url || "geen" },
    { title: "Velden", text: page.fields.join(", ") || "geen: de pagina krijgt niets bezorgd" },
    { title: "Standaardapp", text: page.default_app || "geen" },
    { title: "Personas", text: mine.map((persona) => persona.name).join(", ") || "nog geen" },
    { title: "Profiel", ...(profile.length ? { value: page.profile } : { text: "nog leeg: make messenger-setup vult het" }) },
  ];
  keep(byId("page-view"), parts, (part) => part.title, ({ title, text, value }) =>
    value ? json(title, value) : el("div", {}, el("h3", {}, title), el("p", {}, text)),
  );
}
