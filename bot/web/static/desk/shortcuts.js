/**
 * The keyboard: `shortcut("g w", "Wie wacht", action)` in the module that does it, and `?` shows them all.
 *
 * Keys are those of `event.key`, one after the other for a sequence, with `Ctrl+` in front for a combination.
 */

const SEQUENCE_MS = 1_500;
const OFF = "desk-shortcuts-off";
const NAMES = { ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc", " ": "Spatie" };

/** By keys; all that share a description stand on one line of the help. */
const known = new Map();
let typed = [];
let typedAt = 0;

/** `inText`: also while the agent types; without, a letter is a letter there. */
export function shortcut(keys, description, action, { inText = false } = {}) {
  known.set(keys, { keys: keys.split(" "), description, action, inText });
}

/** A key that something else listens to, for the help. */
export function explain(keys, description) {
  known.set(keys, { keys: keys.split(" "), description, action: null, inText: false });
}

function isText(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input:not([type=checkbox], [type=radio]), textarea, select"));
}

/** What was pressed, as `shortcut` names it. */
function pressed(event) {
  const control = event.ctrlKey || event.metaKey ? "Ctrl+" : "";
  // With Alt some keyboards make another sign of a digit.
  if (event.altKey && event.code.startsWith("Digit")) return `${control}Alt+${event.code.at(-1)}`;
  return control + (event.altKey ? "Alt+" : "") + (event.key.length === 1 ? event.key.toLowerCase() : event.key);
}

function onKey(event) {
  if (event.isComposing || event.defaultPrevented || document.querySelector("dialog[open]")) return;
  if (["Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
  if (Date.now() - typedAt > SEQUENCE_MS) typed = [];
  typedAt = Date.now();
  const sequence = [...typed, pressed(event)];
  const found = known.get(sequence.join(" ")) ?? known.get(sequence.at(-1));
  typed = [...known.values()].some(({ keys }) => keys.length > sequence.length && begins(keys, sequence)) ? sequence : [];
  const inText = isText(event.target);
  if (inText) typed = [];
  if (!found?.action || (inText ? !found.inText : isOff() && !event.ctrlKey)) return;
  event.preventDefault();
  typed = [];
  found.action(event);
}

const begins = (keys, sequence) => sequence.every((key, at) => keys[at] === key);

/* One key by itself can be in the way of a screen reader or of speech: it can be off. */

function isOff() {
  try {
    return localStorage.getItem(OFF) === "1";
  } catch {
    return false;
  }
}

function setOff(off) {
  try {
    localStorage.setItem(OFF, off ? "1" : "0");
  } catch {
    // Without storage they stay on.
  }
}

/* The help */

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function keysOf(keys) {
  return keys.flatMap((key, at) => {
    const parts = key.split("+").filter(Boolean);
    const shown = parts.map((part) => element("kbd", {}, NAMES[part] ?? part));
    return [...(at ? [" dan "] : []), ...shown.flatMap((one, place) => (place ? [" + ", one] : [one]))];
  });
}

function helpRows() {
  const lines = new Map();
  for (const { keys, description } of known.values()) {
    lines.set(description, [...(lines.get(description) ?? []), keys]);
  }
  return [...lines].map(([description, all]) =>
    element(
      "div",
      {},
      element("dt", {}, ...all.flatMap((keys, at) => (at ? [" of ", ...keysOf(keys)] : keysOf(keys)))),
      element("dd", {}, description),
    ),
  );
}

export function showHelp() {
  const dialog = document.getElementById("shortcuts-help") ?? makeHelp();
  dialog.querySelector("dl").replaceChildren(...helpRows());
  dialog.querySelector("input").checked = !isOff();
  if (!dialog.open) dialog.showModal();
}

function makeHelp() {
  const on = element("input", { type: "checkbox" });
  on.addEventListener("change", () => setOff(!on.checked));
  const close = element("button", { type: "submit", className: "button" }, "Sluiten");
  const title = element("h2", { id: "shortcuts-title", tabIndex: -1, autofocus: true }, "Sneltoetsen");
  const dialog = element(
    "dialog",
    { id: "shortcuts-help", className: "shortcuts-help" },
    title,
    element("dl", { className: "shortcuts" }),
    element("label", { className: "check" }, on, " Letters alleen werken als sneltoets"),
    element("form", { method: "dialog" }, close),
  );
  dialog.setAttribute("aria-labelledby", title.id);
  document.body.append(dialog);
  return dialog;
}

export function startShortcuts() {
  shortcut("?", "Toon de sneltoetsen", showHelp);
  document.addEventListener("keydown", onKey);
}
