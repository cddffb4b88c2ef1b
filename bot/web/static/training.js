// Shows how far a training is, and which assistants took a model over, without the page being opened again.

const EVERY_MS = 2000;

/** The part of the page that changes by itself, as the server has it now; null while it can't be had. */
async function fetched() {
  try {
    const answer = await fetch(location.href, { headers: { "x-fragment": "1" } });
    if (!answer.ok) return null;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return { part: page.querySelector("#live"), main: page.querySelector("main") };
  } catch {
    return null;
  }
}

async function look() {
  const shown = document.querySelector("#live[data-live]");
  if (!shown) return;
  // Who is typing a reason, or about to press a button, must not lose it.
  const busy = shown.contains(document.activeElement);
  const found = document.hidden ? null : await fetched();
  if (found?.part && !found.part.hasAttribute("data-live")) {
    document.querySelector("main").replaceChildren(...found.main.childNodes);
    return;
  }
  if (found?.part && !busy && found.part.innerHTML !== shown.innerHTML) shown.replaceChildren(...found.part.childNodes);
  if (found?.part && busy) update(shown, found.part);
  setTimeout(look, EVERY_MS);
}

/** Only what is no control: how far it is, and what it does. */
function update(shown, found) {
  const [bar, newBar] = [shown, found].map((part) => part.querySelector("progress"));
  const [said, newSaid] = [shown, found].map((part) => part.querySelector("[role=status]"));
  if (bar && newBar) bar.value = newBar.value;
  if (said && newSaid && said.textContent !== newSaid.textContent) said.textContent = newSaid.textContent;
}

setTimeout(look, EVERY_MS);
