/** Sound and messages of the browser for who looks at something else; both are off until the agent asks for them. */

import { whenMoreWait } from "./list.js";
import { byId } from "./page.js";
import { showHelp } from "./shortcuts.js";

const SOUND = "desk-sound";
const NOTICES = "desk-browser-notices";
const BEEP_HZ = 660;
const BEEP_S = 0.18;
const LOUD = 0.08;

let feed = null;
let audio = null;

function remembered(name) {
  try {
    return localStorage.getItem(name) === "1";
  } catch {
    return false;
  }
}

function remember(name, on) {
  try {
    localStorage.setItem(name, on ? "1" : "0");
  } catch {
    // Without storage it is asked for again.
  }
}

/** A short tone. A browser that heard no click yet stays silent. */
async function beep() {
  try {
    audio ??= new AudioContext();
    if (audio.state === "suspended") await audio.resume();
    const tone = new OscillatorNode(audio, { frequency: BEEP_HZ });
    const volume = new GainNode(audio, { gain: LOUD });
    volume.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + BEEP_S);
    tone.connect(volume).connect(audio.destination);
    tone.start();
    tone.stop(audio.currentTime + BEEP_S);
  } catch {
    // No sound card, or not allowed.
  }
}

const noticesAllowed = () => "Notification" in window && Notification.permission === "granted" && remembered(NOTICES);

/** A message of the browser, unless the agent looks at the desk; `tag`: a next one with it takes its place. */
export function tellOutside(title, { text = "", url = "/desk", tag = "" } = {}) {
  if (!feed?.isFirst || !noticesAllowed() || (document.visibilityState === "visible" && document.hasFocus())) return;
  try {
    const notice = new Notification(title, { body: text, tag });
    notice.onclick = () => {
      window.focus();
      if (url.startsWith("/")) location.assign(url);
      notice.close();
    };
  } catch {
    // Some phones have them for service workers only.
  }
}

function moreWait(many) {
  if (feed?.isFirst && remembered(SOUND)) beep();
  tellOutside(many === 1 ? "Er wacht 1 gesprek" : `Er wachten ${many} gesprekken`, { tag: "waiting" });
}

/** A notification for this account, as bot/store/notifications.py tells it. */
export function showNotice({ text, url }) {
  if (feed?.isFirst && remembered(SOUND)) beep();
  tellOutside(text, { url });
}

function showButtons() {
  byId("sound").setAttribute("aria-pressed", String(remembered(SOUND)));
  byId("browser-notices").setAttribute("aria-pressed", String(noticesAllowed()));
  byId("browser-notices").hidden = !("Notification" in window);
}

async function toggleNotices() {
  const on = !noticesAllowed();
  remember(NOTICES, on);
  // A browser asks once; after a no only its own settings help.
  if (on && (await Notification.requestPermission()) === "denied") {
    byId("browser-notices").textContent = "Meldingen staan uit in je browser";
  }
  showButtons();
}

/** `source`: the event feed; of several tabs only the one that has it makes itself heard. */
export function startAttention(source) {
  feed = source;
  whenMoreWait(moreWait);
  byId("list-menu").hidden = false;
  byId("sound").addEventListener("click", () => {
    remember(SOUND, !remembered(SOUND));
    showButtons();
    if (remembered(SOUND)) beep();
  });
  byId("browser-notices").addEventListener("click", toggleNotices);
  byId("show-shortcuts").addEventListener("click", showHelp);
  showButtons();
}
