/** Finding an answer while typing; without this the form is sent as any other. */

const WAIT_MS = 150;
const PROBLEM = "Geen verbinding. Probeer het zo opnieuw.";

/** @param {Element} page */
export function startList(page) {
  const form = page.querySelector("#find");
  let timer = null;
  let turn = 0;

  const search = async () => {
    clearTimeout(timer);
    const mine = (turn += 1);
    const url = address(form);
    const found = page.querySelector("#found");
    found.setAttribute("aria-busy", "true");
    try {
      const response = await fetch(url, { headers: { "x-fragment": "1" } });
      if (response.status === 401) return location.reload(); // leads to signing in, and back
      const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
      if (mine !== turn) return;
      show(page, fresh);
      // So that going back from an answer comes back to what was found.
      history.replaceState(null, "", url);
    } catch {
      if (mine === turn) page.querySelector("#count").textContent = PROBLEM;
    } finally {
      if (mine === turn) found.removeAttribute("aria-busy");
    }
  };

  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, WAIT_MS);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    search();
  });
}

/**
 * What the form asks, without what is empty.
 * @param {HTMLFormElement} form
 */
function address(form) {
  const asked = new URLSearchParams([...new FormData(form)].filter(([, value]) => String(value).trim()));
  return asked.size ? `${form.action}?${asked}` : form.action;
}

/**
 * The count stays the same element: it is a live region, and says what changed in it.
 * @param {Element} page
 * @param {Document} fresh
 */
function show(page, fresh) {
  const found = fresh.querySelector("#found");
  if (!found) throw new Error("no list");
  page.querySelector("#found").replaceChildren(...found.childNodes);
  const count = page.querySelector("#count");
  const said = fresh.querySelector("#count").textContent.trim();
  if (count.textContent !== said) count.textContent = said;
}
