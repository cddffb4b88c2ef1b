/** The post with the comments under it, where everybody can read along. */
import { byId, el, keep, setText } from "./dom.js";
import { act } from "./fake.js";
import { time } from "./words.js";

let customer = null;
let about = null; // {kind: "edit" | "reply", id}

const who = () => ({ page: customer.page, psid: customer.psid });

export function startFeed() {
  byId("commenter").addEventListener("submit", (event) => {
    event.preventDefault();
    post();
  });
  byId("comment").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    post();
  });
  byId("comment-forget").addEventListener("click", () => setAbout(null));
}

async function post() {
  const field = byId("comment");
  const text = field.value;
  if (!text.trim()) return;
  const { kind, id } = about ?? {};
  field.value = "";
  setAbout(null);
  const ok =
    kind === "edit"
      ? await act("edits_comment", { ...who(), id, text })
      : await act("comments", { ...who(), text, parent: id ?? "" });
  if (!ok && !field.value) field.value = text;
}

function setAbout(next, text = "") {
  about = next;
  byId("comment-about").hidden = !next;
  setText(byId("comment-about").firstElementChild, next ? `${next.kind === "edit" ? "Je wijzigt" : "Je reageert op"}: ${text}` : "");
  if (next?.kind === "edit") byId("comment").value = text;
  if (next) byId("comment").focus();
}

export function showFeed(next, page, comments) {
  customer = next;
  setText(byId("post-page"), page.name);
  keep(byId("comments"), inThreads(comments), (comment) => comment.id, row);
}

/** Each comment with its replies behind it; `depth` 0 or 1, as Facebook shows them. */
function inThreads(comments) {
  const ids = new Set(comments.map((comment) => comment.id));
  const below = (id) => comments.filter((comment) => comment.parent_id === id).flatMap((comment) => [{ ...comment, depth: 1 }, ...below(comment.id)]);
  return comments.filter((comment) => !ids.has(comment.parent_id)).flatMap((comment) => [{ ...comment, depth: 0 }, ...below(comment.id)]);
}

function row(comment) {
  const { id, text, removed, hidden } = comment;
  const isMine = comment.psid === customer.psid;
  const action = (name, work) => el("button", { type: "button", class: "link", onclick: work }, name);
  return el(
    "li",
    { class: `comment depth-${comment.depth}${removed ? " gone" : ""}` },
    el("strong", {}, comment.name),
    el("p", { class: "text" }, removed ? "Reactie verwijderd" : text),
    el(
      "span",
      { class: "small" },
      time(comment.at_ms),
      hidden && " · verborgen",
      comment.replied && " · privébericht gestuurd",
    ),
    !removed &&
      el(
        "span",
        { class: "comment-actions" },
        action("Reageer", () => setAbout({ kind: "reply", id }, text)),
        isMine && action("Wijzig", () => setAbout({ kind: "edit", id }, text)),
        isMine && action("Verwijder", () => act("removes_comment", { ...who(), id })),
        action(hidden ? "Toon weer" : "Verberg", () => act("hides_comment", { id })),
      ),
  );
}
