/** Finding an answer while typing. */

/**
 * Without capitals and accents, as bot/web/editor/listing.py does.
 * @param {string} text
 */
const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** @param {Element} page */
export function startList(page) {
  const field = page.querySelector("#q");

  const filter = () => {
    const query = field.value.trim().replace(/\s+/g, " ");
    const words = folded(query).split(" ");
    let count = 0;
    for (const row of page.querySelectorAll("[data-search]")) {
      row.hidden = !words.every((word) => row.dataset.search.includes(word));
      if (!row.hidden) count += 1;
    }
    for (const section of page.querySelectorAll(".answers")) {
      section.hidden = !section.querySelector("[data-search]:not([hidden])");
    }
    page.querySelector("#none").hidden = count > 0;
    showCount(page.querySelector("#count"), count, query);
    // So that going back from an answer comes back to what was found.
    history.replaceState(null, "", query ? `?q=${encodeURIComponent(query)}` : location.pathname);
  };

  field.addEventListener("input", filter);
  field.form.addEventListener("submit", (event) => {
    event.preventDefault();
    filter();
  });
}

/**
 * @param {Element} place
 * @param {number} count
 * @param {string} query
 */
function showCount(place, count, query) {
  const found = count === 1 ? "1 antwoord" : `${count} antwoorden`;
  const text = query ? `${found} voor “${query}”` : found;
  if (place.textContent !== text) place.textContent = text;
}
