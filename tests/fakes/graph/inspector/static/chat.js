/** The conversation as Messenger shows it, and what the customer can do there. */
import { byId, el, keep, safeUrl, setText } from "./dom.js";
import { act } from "./fake.js";
import { ATTACHMENT, DELIVERY, REACTION, time } from "./words.js";

const NEAR_BOTTOM_PX = 80;
const OFFERED = ["love", "like", "wow"];
let customer = null;
let about = null; // {kind: "edit" | "reply", mid}
let isAtNewest = true; // as long as nobody scrolled away from there

const who = () => ({ page: customer.page, psid: customer.psid });

export function startChat() {
  byId("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  byId("text").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  });
  for (const button of document.querySelectorAll("[data-kind]")) {
    button.addEventListener("click", () => act("sends", { ...who(), kind: button.dataset.kind }));
  }
  byId("forget").addEventListener("click", () => setAbout(null));
  followNewest(byId("lines"));
}

/** What comes while the list is out of sight, or makes it smaller, leaves it at its newest message. */
function followNewest(log) {
  log.addEventListener("scroll", () => {
    if (log.clientHeight) isAtNewest = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_BOTTOM_PX;
  });
  new ResizeObserver(() => isAtNewest && toNewest(log)).observe(log);
}

function toNewest(log) {
  isAtNewest = true;
  log.scrollTop = log.scrollHeight;
}

async function send() {
  const field = byId("text");
  const text = field.value;
  if (!text.trim()) return;
  const { kind, mid } = about ?? {};
  field.value = "";
  setAbout(null);
  const ok =
    kind === "edit"
      ? await act("edits", { ...who(), mid, text })
      : await act("says", { ...who(), text, reply_to: mid ?? "" });
  if (!ok && !field.value) field.value = text;
}

function setAbout(next, text = "") {
  about = next;
  const line = byId("about");
  line.hidden = !next;
  setText(line.firstElementChild, next ? `${next.kind === "edit" ? "Je wijzigt" : "Je antwoordt op"}: ${text}` : "");
  if (next?.kind === "edit") byId("text").value = text;
  if (next) byId("text").focus();
}

/** @param {object} next the customer @param {object} page their page */
export function showChat(next, page) {
  if (customer?.psid !== next.psid) setAbout(null);
  const isNews = customer?.psid !== next.psid || lastOwn(customer) !== lastOwn(next);
  customer = next;
  const log = byId("lines");
  const items = next.lines.length
    ? next.lines.map((line, index) => ({ ...line, read: isLastRead(next, index) }))
    : [{ mid: "start", ...startOf(page) }];
  if (next.typing_until_ms) items.push({ mid: "typing", typing: true });
  keep(log, items, (line) => line.mid, row);
  showChoices(next.lines.at(-1));
  showMenu(page);
  if (isNews || isAtNewest) toNewest(log);
}

/** The last that the customer wrote: who sends something wants to see it. */
const lastOwn = ({ lines }) => lines.findLast((line) => !line.from_page)?.mid;

/** Whether the page has seen everything up to this line of the customer, and it is the last such. */
function isLastRead({ lines, seen_ms }, index) {
  const isSeen = (line) => line && !line.from_page && line.at_ms <= seen_ms;
  return isSeen(lines[index]) && !lines.slice(index + 1).some(isSeen);
}

function row(line) {
  if (line.greeting) return start(line);
  if (line.typing) return el("li", { class: "line page" }, el("span", { class: "typing", "aria-label": "typt" }, el("i"), el("i"), el("i")));
  const side = line.from_page ? "page" : "customer";
  return el(
    "li",
    { class: `line ${side}` },
    line.from_page && line.by && line.by !== "Vraagbaak" && el("span", { class: "by" }, line.by),
    el("div", { class: "said" }, bubble(line), more(line)),
    reactions(line),
    el("span", { class: "small" }, small(line)),
  );
}

function bubble(line) {
  if (line.deleted) return el("div", { class: "bubble gone" }, "Bericht teruggetrokken");
  const parts = [
    line.text && !line.elements.length && el("p", { class: "text" }, line.text),
    ...line.attachments.map(attachment),
    ...line.elements.map(element),
    line.buttons.length ? el("div", { class: "buttons" }, line.buttons.map(button)) : null,
  ].filter(Boolean);
  const isBare = !line.text && line.attachments.some(({ type }) => ["image", "sticker"].includes(type));
  return el("div", { class: `bubble${isBare ? " bare" : ""}${line.pressed ? " pressed" : ""}` }, parts);
}

function attachment({ type, url }) {
  const address = safeUrl(url);
  if (["image", "sticker"].includes(type) && address) {
    return el("img", { class: type, src: address, alt: ATTACHMENT[type], width: 96, height: 96 });
  }
  const name = ATTACHMENT[type] ?? `Bijlage (${type})`;
  return address ? el("a", { href: address, target: "_blank", rel: "noreferrer" }, name) : el("p", {}, name);
}

function element(card) {
  const image = safeUrl(card.image_url ?? "");
  return el(
    "div",
    { class: "element" },
    image && el("img", { src: image, alt: "" }),
    el("strong", {}, card.title ?? ""),
    card.subtitle && el("p", {}, card.subtitle),
    el("div", { class: "buttons" }, (card.buttons ?? []).map(button)),
  );
}

function button({ type, title, url }) {
  const address = type === "web_url" ? safeUrl(url) : "";
  if (address) return el("a", { class: "button", href: address, target: "_blank", rel: "noreferrer" }, title);
  return el("button", { type: "button", onclick: () => act("presses", { ...who(), title }) }, title);
}

function more(line) {
  if (line.deleted) return null;
  const { mid, text } = line;
  const close = (work) => (event) => {
    event.target.closest("details").open = false;
    work();
  };
  const choice = (name, work) => el("button", { type: "button", onclick: close(work) }, name);
  return el(
    "details",
    { class: "more" },
    el("summary", { "aria-label": "Meer met dit bericht" }, "⋯"),
    el(
      "div",
      {},
      ...OFFERED.map((name) => choice(REACTION[name], () => act("reacts", { ...who(), mid, reaction: name }))),
      choice("Antwoord", () => setAbout({ kind: "reply", mid }, text || "een bijlage")),
      !line.from_page && text && !line.pressed && choice("Wijzig", () => setAbout({ kind: "edit", mid }, text)),
      !line.from_page && !line.pressed && choice("Trek terug", () => act("unsends", { ...who(), mid })),
    ),
  );
}

function reactions(line) {
  const given = Object.values(line.reactions);
  return given.length ? el("span", { class: "reactions" }, given.map((name) => REACTION[name] ?? "🙂").join(" ")) : null;
}

function small(line) {
  const state = line.delivery && line.delivery !== "delivered" ? ` · ${DELIVERY[line.delivery]}` : "";
  return `${time(line.at_ms)}${line.edits ? " · gewijzigd" : ""}${state}${line.read ? " · gezien" : ""}`;
}

function showChoices(last) {
  const replies = last?.from_page ? last.quick_replies : [];
  keep(byId("choices"), replies, (reply) => reply.title ?? reply.content_type, (reply) =>
    el("button", { type: "button", onclick: () => act("presses", { ...who(), title: reply.title }) }, reply.title ?? reply.content_type),
  );
}

/** Before the first message: ice breakers, or else Get Started, as Messenger does. */
function startOf({ profile }) {
  const asked = (profile.ice_breakers ?? []).flatMap((each) => (each.locale === "default" ? each.call_to_actions : []));
  const greeting = profile.greeting?.find((each) => each.locale === "default")?.text ?? "Schrijf iets, of stuur een foto.";
  return { greeting, items: asked.length || !profile.get_started ? asked : [{ start: true }] };
}

function start({ greeting, items }) {
  const press = ({ question, payload }) => act("posts_back", { ...who(), title: question, payload });
  return el(
    "li",
    { class: "start" },
    el("p", { class: "muted" }, greeting),
    items.map((item) =>
      item.start
        ? el("button", { type: "button", onclick: () => act("gets_started", who()) }, "Aan de slag")
        : el("button", { type: "button", onclick: () => press(item) }, item.question),
    ),
  );
}

function showMenu({ profile }) {
  const items = profile.persistent_menu?.find((each) => each.locale === "default")?.call_to_actions ?? [];
  const menu = byId("menu");
  menu.hidden = !items.length;
  keep(menu.querySelector("div"), items, (item) => item.title, ({ title, type, payload, url }) => {
    const address = type === "web_url" ? safeUrl(url) : "";
    if (address) return el("a", { class: "button", href: address, target: "_blank", rel: "noreferrer" }, title);
    const press = () => {
      menu.open = false;
      act("posts_back", { ...who(), title, payload });
    };
    return el("button", { type: "button", onclick: press }, title);
  });
}
