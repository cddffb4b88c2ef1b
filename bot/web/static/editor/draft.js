/**
 * Keeps what was typed and not saved, in this tab: after a reload, after the session ended, after the server was away.
 * Pages are never kept by the browser (they are for who is signed in), so it can't bring the text back itself.
 */

/**
 * @param {HTMLElement} page
 * @param {HTMLFormElement} form
 */
export function startDraft(page, form) {
  const key = `draft:${page.dataset.name}`;
  const controls = [...form.elements].filter(
    ({ name, type }) => name && name !== "preview_channel" && type !== "hidden" && type !== "submit",
  );
  // Of a group of radio buttons the one that is chosen; what is ticked is a choice of this moment, and no text.
  const counts = ({ type, checked }) => type !== "checkbox" && (type !== "radio" || checked);
  const values = () => Object.fromEntries(controls.filter(counts).map((control) => [control.name, control.value]));
  const shown = JSON.stringify(values());
  // A form that the server sent back is not saved yet, whatever its fields are.
  const returned = page.dataset.state === "returned";
  const changed = () => returned || JSON.stringify(values()) !== shown;

  let leaving = false;
  form.addEventListener("input", () => write(key, changed() ? JSON.stringify(values()) : null));
  form.addEventListener("submit", () => {
    leaving = true;
  });
  page.querySelector("[data-draft=give-up]")?.addEventListener("click", () => {
    leaving = true;
    write(key, null);
  });
  addEventListener("beforeunload", (event) => {
    if (!leaving && changed()) event.preventDefault();
  });

  if (page.dataset.state === "saved") {
    write(key, null);
    // A reload is not a save.
    history.replaceState(null, "", location.pathname);
  }
  const draft = read(key);
  if (page.dataset.state === "fresh" && draft && draft !== shown) offer(page, form, key, JSON.parse(draft));
}

/**
 * @param {HTMLElement} page
 * @param {HTMLFormElement} form
 * @param {string} key
 * @param {Record<string, string>} draft
 */
function offer(page, form, key, draft) {
  const notice = page.querySelector("#typed-before");
  notice.hidden = false;
  notice.querySelector("[data-draft=restore]").addEventListener("click", () => {
    notice.hidden = true;
    for (const [name, value] of Object.entries(draft)) if (form.elements[name]) form.elements[name].value = value;
    for (const control of form.elements) {
      control.dispatchEvent(new Event("input", { bubbles: true }));
      control.dispatchEvent(new Event("change", { bubbles: true }));
    }
    form.querySelector("textarea").focus();
  });
  notice.querySelector("[data-draft=drop]").addEventListener("click", () => {
    notice.hidden = true;
    write(key, null);
    form.querySelector("textarea").focus();
  });
}

/**
 * What was typed on the page of that name is stored by now.
 * @param {string} name
 */
export function forgetDraft(name) {
  write(`draft:${name}`, null);
}

/** Storage can be full or forbidden; then there is no draft. */
function read(key) {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key, value) {
  try {
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, value);
  } catch {
    // As above.
  }
}
