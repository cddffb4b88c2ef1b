/** The page: chooses a customer and gives each part what it shows. */
import { showChat, startChat } from "./chat.js";
import { byId, el, keep, setText, tabs } from "./dom.js";
import { act, follow } from "./fake.js";
import { showFeed, startFeed } from "./feed.js";
import { showWatch, startWatch } from "./watch.js";
import { PLATFORM } from "./words.js";

const keyOf = ({ page, psid }) => `${page}/${psid}`;
let state = null;
let view = "tab-chat";
let lastRead = ""; // so that a state that was on its way does not make it read twice
let newest = 0; // how many customers there were when a new one was asked for

function show() {
  const customer = chosen();
  const page = state.pages.find(({ id }) => id === customer.page);
  setText(byId("page-name"), page.name);
  showConnection(page);
  showTabs(customer);
  showChat(customer, page);
  showFeed(customer, page, state.comments.filter((comment) => comment.page === page.id));
  showWatch(customer, page, state);
  read(customer);
}

function chosen() {
  const select = byId("customer");
  keep(select, state.customers.map(({ page, psid, name, platform }) => ({ page, psid, name, platform })), keyOf, (each) =>
    el("option", { value: keyOf(each) }, `${each.name} · ${PLATFORM[each.platform]}`),
  );
  if (newest && state.customers.length > newest) {
    select.value = keyOf(state.customers.at(-1));
    newest = 0;
  }
  return state.customers.find((each) => keyOf(each) === select.value) ?? state.customers[0];
}

/** The post is on Facebook: who is on Instagram can't comment there. */
function showTabs({ platform }) {
  const isAway = platform === "instagram";
  byId("tab-feed").hidden = isAway;
  if (isAway && view === "tab-feed") byId("tab-chat").click();
}

function showConnection({ fields, failing_since_ms }) {
  const { url, verified } = state.webhook;
  const [tone, text] = !url
    ? ["bad", "Er is geen webhook ingesteld"]
    : !fields.length
      ? ["bad", "De pagina is niet geabonneerd: de bot hoort niets"]
      : failing_since_ms
        ? ["bad", "De bot antwoordt niet op de webhook"]
        : verified
          ? ["good", "De bot luistert"]
          : ["warn", "Nog niets bezorgd"];
  byId("connection").className = `connection ${tone}`;
  setText(byId("connection"), text);
}

/** Who looks at the conversation has read it. */
function read({ lines, read_ms, page, psid }) {
  const isLooking = document.visibilityState === "visible" && view === "tab-chat" && document.body.dataset.side === "phone";
  const isWide = matchMedia("(min-width: 60rem)").matches;
  const last = lines.findLast((line) => line.from_page);
  if (!last || last.at_ms <= read_ms || last.mid === lastRead) return;
  if (!isLooking && !(isWide && view === "tab-chat")) return;
  lastRead = last.mid;
  act("reads", { page, psid });
}

for (const list of document.querySelectorAll("[role=tablist]")) {
  tabs(list, (id) => {
    if (list.closest(".phone")) view = id;
  });
}
for (const button of document.querySelectorAll("[data-show]")) {
  button.addEventListener("click", () => {
    document.body.dataset.side = button.dataset.show;
    for (const each of document.querySelectorAll("[data-show]")) each.setAttribute("aria-pressed", String(each === button));
    show();
  });
}
byId("customer").addEventListener("change", show);
byId("newcomer").addEventListener("click", async () => {
  const { page, platform } = chosen();
  newest = state.customers.length;
  if (!(await act("joins", { page, platform }))) newest = 0;
});
startChat();
startFeed();
startWatch();
follow(
  (next) => {
    state = next;
    if (state.customers.length) show();
  },
  () => {
    byId("connection").className = "connection bad";
    setText(byId("connection"), "De namaak-Messenger is gestopt");
  },
);
