/** The page with notifications: what was shown counts as read, and this browser may show messages of its own. */

// The same as in desk/attention.js, which shows them.
const NOTICES = "desk-browser-notices";
const page = document.querySelector("[data-notifications]");
const section = document.getElementById("browser-choice");
const button = document.getElementById("browser-choice-button");
const said = document.getElementById("browser-choice-said");

const allowed = () => Notification.permission === "granted" && localStorage.getItem(NOTICES) === "1";

function showChoice() {
  button.textContent = allowed() ? "Zet uit in deze browser" : "Zet aan in deze browser";
  said.textContent = allowed() ? "Meldingen van de browser staan aan." : "Meldingen van de browser staan uit.";
}

async function choose() {
  if (allowed()) {
    localStorage.setItem(NOTICES, "0");
    return showChoice();
  }
  const answer = await Notification.requestPermission();
  if (answer === "granted") localStorage.setItem(NOTICES, "1");
  showChoice();
  // A browser asks once; after a no only its own settings help.
  if (answer === "denied") said.textContent = "Je browser laat geen meldingen toe. Je zet ze aan bij de instellingen van je browser.";
}

if (page?.dataset.unread !== "0") {
  const answer = await fetch("/notifications/read", { method: "POST", headers: { "x-fragment": "1" } }).catch(() => null);
  if (answer?.ok) {
    document.getElementById("mark-read")?.remove();
    document.dispatchEvent(new Event("notifications-read"));
  }
}
if ("Notification" in window) {
  section.hidden = false;
  button.addEventListener("click", choose);
  showChoice();
}
