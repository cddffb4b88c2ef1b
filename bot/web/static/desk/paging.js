/** The next page of the list, when somebody asks for it or comes near the end. */

import { showChosen } from "./bulk.js";
import { morph } from "./morph.js";
import { byId, parse } from "./page.js";
import { rows } from "./rows.js";

const NEAR_END = "400px";

let loading = false;
const watcher = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && loadMore(), {
  root: byId("desk-list"),
  rootMargin: NEAR_END,
});

async function loadMore() {
  const link = byId("list-more").querySelector("a");
  if (loading || byId("list-more").hidden) return;
  loading = true;
  const had = document.activeElement === link;
  try {
    const url = new URL(byId("list").dataset.url, location.href);
    url.searchParams.set("after", link.dataset.after);
    const response = await fetch(url, { headers: { "x-fragment": "1" } });
    if (!response.ok) return;
    const page = parse(await response.text());
    const known = new Set(rows().map((row) => row.id));
    const fresh = [...page.getElementById("rows").children].filter((row) => !known.has(row.id));
    byId("rows").append(...fresh);
    morph(byId("list-more"), page.getElementById("list-more"));
    if (had) fresh[0]?.querySelector("a").focus();
    showChosen();
    // Tells again whether the end is near.
    watcher.unobserve(byId("list-more"));
    watcher.observe(byId("list-more"));
  } catch {
    // The link is still there to try again.
  } finally {
    loading = false;
  }
}

export function startPaging() {
  byId("desk-list").addEventListener("click", (event) => {
    if (!event.target.closest("#list-more a") || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    loadMore();
  });
  watcher.observe(byId("list-more"));
}
