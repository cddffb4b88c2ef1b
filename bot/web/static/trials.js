/** The page to try messages on, livelier: what models make of the message appears by itself. */

const AGAIN_MS = 500;

const topic = document.getElementById("intent");
let wasChosen = false;
topic?.addEventListener("change", () => {
  wasChosen = true;
});

const results = document.querySelector("#results[data-waits]");
if (results) look(results);

/** Get the results anew until nothing is waited for. */
async function look(results) {
  for (;;) {
    await new Promise((done) => setTimeout(done, AGAIN_MS));
    try {
      const answer = await fetch(results.dataset.waits, { headers: { "x-fragment": "1" } });
      if (!answer.ok) return;
      show(results, await answer.text());
    } catch {
      continue; // no connection for a moment
    }
    if (!results.querySelector("[data-more]")) return;
  }
}

/** Only what changed: a screen reader says it aloud. */
function show(results, text) {
  if (results.dataset.shown === text) return;
  results.dataset.shown = text;
  results.innerHTML = text;
  propose(results.querySelector("[data-likeliest]")?.dataset.likeliest);
}

/** The topic that a lesson is most probably for, which may be another one with each result; a choice that was made stays. */
function propose(intent) {
  if (topic && intent && !wasChosen) topic.value = intent;
}
