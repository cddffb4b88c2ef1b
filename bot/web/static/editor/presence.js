/** Who else has this answer open, and whether somebody saved it meanwhile. */

const EVERY_MS = 5_000;
const TYPING_MS = 3_000;

/**
 * @param {HTMLElement} page
 * @param {HTMLFormElement | null} form
 */
export function startPresence(page, form) {
  const { url, version, draftVersion } = page.dataset;
  const others = page.querySelector("#others-here");
  const changed = page.querySelector("#changed-meanwhile");
  let timer = 0;
  let typedAt = 0;
  let leaving = false;

  const tell = async (doing) => {
    clearTimeout(timer);
    try {
      const response = await fetch(`${url}/viewing`, { method: "POST", body: new URLSearchParams({ doing }) });
      if (response.ok) show(await response.json());
    } catch {
      // Next time.
    }
    clearTimeout(timer);
    timer = setTimeout(lookAgain, EVERY_MS);
  };

  const lookAgain = () => {
    if (document.hidden) timer = setTimeout(lookAgain, EVERY_MS);
    else tell("here");
  };

  const show = (now) => {
    const text = now.others.map(({ name, types }) => (types ? `${name} typt nu.` : `${name} bewerkt dit ook.`)).join(" ");
    if (others.textContent.trim() !== text) others.textContent = text;
    others.hidden = !text;
    const isOther = now.version !== Number(version) || now.draft_version !== Number(draftVersion);
    if (!leaving && form) changed.hidden = !isOther;
  };

  form?.addEventListener("submit", () => {
    leaving = true;
  });
  form?.addEventListener("input", () => {
    if (Date.now() - typedAt < TYPING_MS) return;
    typedAt = Date.now();
    tell("typing");
  });
  window.addEventListener("pagehide", () => {
    // What is sent comes back to this page: a goodbye could come after its hello.
    if (!leaving) navigator.sendBeacon(`${url}/viewing`, new URLSearchParams({ doing: "gone" }));
  });
  // Back from the browser's history.
  window.addEventListener("pageshow", ({ persisted }) => persisted && tell("here"));
  document.addEventListener("visibilitychange", () => !document.hidden && tell("here"));
  timer = setTimeout(lookAgain, EVERY_MS);
}
