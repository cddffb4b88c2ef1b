/**
 * How many notifications are new, in the header of every page, and below it whether there is a crisis. The desk's event stream tells every tab of this browser
 * (desk/feed.js); without an open desk the server is asked now and then.
 */

const ASK_EVERY_MS = 60_000;
const bell = document.getElementById("bell");
const count = document.getElementById("bell-count");

function show(unread) {
  count.hidden = unread === 0;
  count.textContent = unread > 99 ? "99+" : String(unread);
  bell.querySelector(".visually-hidden").textContent = unread === 0 ? "Meldingen" : "Meldingen, nieuw: ";
}

function showCrisis(until) {
  const text = until && `Crisisstand aan tot ${until}`;
  const shown = document.getElementById("crisis-bar-text");
  if (shown.textContent !== text) shown.textContent = text;
  document.getElementById("crisis-bar").hidden = !until;
}

async function ask() {
  try {
    const answer = await fetch("/notifications/unread", { headers: { "x-fragment": "1" } });
    if (!answer.ok) return;
    const { unread, crisis_until } = await answer.json();
    show(unread);
    showCrisis(crisis_until);
  } catch {
    // No connection: the next time will do.
  }
}

if (window.BroadcastChannel) {
  new BroadcastChannel("desk-events").addEventListener("message", ({ data }) => {
    if (["notify", "notified", "resync"].includes(data?.type)) ask();
  });
}
document.addEventListener("notifications-read", () => show(0));
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && ask());
setInterval(() => document.visibilityState === "visible" && ask(), ASK_EVERY_MS);
ask();
