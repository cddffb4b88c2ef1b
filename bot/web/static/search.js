/** Results while somebody types; without this the form is sent as any other. */

const WAIT_MS = 200;
const PROBLEM = "Geen verbinding. Probeer het zo opnieuw.";

const form = document.getElementById("search-form");
let timer = null;
let turn = 0;

/** The address of what the form asks, without what is empty. */
function address() {
  const asked = new URLSearchParams([...new FormData(form)].filter(([, value]) => String(value).trim()));
  return asked.size ? `${form.action}?${asked}` : form.action;
}

async function search() {
  clearTimeout(timer);
  const mine = (turn += 1);
  const url = address();
  const place = document.getElementById("search-results");
  place.setAttribute("aria-busy", "true");
  try {
    const response = await fetch(url, { headers: { "x-fragment": "1" } });
    if (response.status === 401) return location.reload(); // leads to signing in, and back
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.getElementById("search-results");
    if (mine !== turn || !fresh) return;
    show(place, fresh);
    history.replaceState(null, "", url);
  } catch {
    if (mine === turn) document.getElementById("search-count").textContent = PROBLEM;
  } finally {
    if (mine === turn) place.removeAttribute("aria-busy");
  }
}

/** The count stays the same element: it is a live region, and says what changed in it. */
function show(place, fresh) {
  const count = document.getElementById("search-count");
  const said = fresh.querySelector("#search-count");
  const text = said.textContent;
  said.replaceWith(count);
  place.replaceChildren(...fresh.childNodes);
  if (count.textContent !== text) count.textContent = text;
}

form.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(search, WAIT_MS);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  search();
});
