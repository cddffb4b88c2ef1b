/** The learning inbox: keys to go through a list, a conversation beside it without a new page, and everything chosen. */

const list = document.querySelector("[data-keys]");
const stops = () => [...(list?.querySelectorAll("[data-key-stop]") ?? [])];

/** Go so many stops on from where the focus is; from nowhere to the first. */
function go(step) {
  const all = stops();
  const item = document.activeElement?.closest("li");
  const at = all.findIndex((stop) => stop.closest("li") === item);
  const next = all[at < 0 ? 0 : Math.min(Math.max(at + step, 0), all.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

function isTyping(target) {
  return target.matches("textarea, select, input:not([type=checkbox])") || target.isContentEditable;
}

/** Put the conversation around a message beside the list. */
async function look(link) {
  const item = link.closest("[data-place]");
  const lines = document.querySelector("#conversation-lines");
  const response = await fetch(`/learning/conversation?place=${encodeURIComponent(item.dataset.place)}`);
  if (!response.ok) {
    location.assign(link.href);
    return;
  }
  lines.innerHTML = await response.text();
  for (const one of document.querySelectorAll(".learning-looked")) one.classList.remove("learning-looked");
  item.classList.add("learning-looked");
  document.querySelector("#conversation").scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const item = document.activeElement?.closest("[data-place]");
  const deeds = {
    j: () => go(1),
    k: () => go(-1),
    x: item && (() => item.querySelector("[type=checkbox]").click()),
    Enter: item && event.target.matches("[type=checkbox]") && (() => look(item.querySelector("[data-look]"))),
  };
  if (!deeds[event.key]) return;
  event.preventDefault();
  deeds[event.key]();
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-look]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  look(link);
});

const all = document.querySelector("[data-choose-all]");
if (all) {
  all.hidden = false;
  all.addEventListener("click", () => {
    for (const box of document.querySelectorAll(".learning-check")) box.checked = true;
  });
}
for (const help of document.querySelectorAll(".learning-help")) help.hidden = false;
