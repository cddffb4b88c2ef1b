/** A topic's form, livelier: it asks before what was typed gets lost, and reports a reload as no save. */

const page = document.querySelector("[data-topic-form]");
const form = document.querySelector("#topic-form");

const values = () => JSON.stringify([...new FormData(form)]);
const shown = values();
const returned = "returned" in page.dataset;
let leaving = false;

for (const one of document.querySelectorAll("form")) {
  one.addEventListener("submit", () => {
    leaving = true;
  });
}
addEventListener("beforeunload", (event) => {
  if (!leaving && (returned || values() !== shown)) event.preventDefault();
});
if (location.search.includes("done=")) history.replaceState(null, "", location.pathname);
