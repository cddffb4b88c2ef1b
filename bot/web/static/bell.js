/**
 * How many notifications are new, in the header of every page. The desk's event stream tells every tab of this browser
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

async function ask() {
  try {
    const answer = await fetch("/notifications/unread", { headers: { "x-fragment": "1" } });
    if (answer.ok) show((await answer.json()).unread);
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
