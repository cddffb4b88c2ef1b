/** The answer as a customer reads it, while it is typed. The server makes it: it knows what each platform does with it. */

const SOON_MS = 150;

/**
 * @param {HTMLElement} page
 * @param {HTMLFormElement} form
 */
export function startPreview(page, form) {
  const preview = page.querySelector("#preview");
  let timer = 0;
  let asked = 0;

  const refresh = async () => {
    const number = ++asked;
    try {
      const response = await fetch(`${page.dataset.url}/preview`, { method: "POST", body: new FormData(form) });
      if (!response.ok) return;
      const html = await response.text();
      // An answer that comes late is of what was typed before.
      if (number === asked) preview.innerHTML = html;
    } catch {
      // Away for a moment: the next letter asks again.
    }
  };

  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(refresh, SOON_MS);
  });
  page.querySelector("#preview_channel").addEventListener("change", refresh);
  page.querySelector("#preview-again").hidden = true;
}
