/** What every page of the desk and the editor does; pages work without it. */

/** Menus close on Escape and on a click elsewhere, as menus do. */
function closeMenus(event) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    const escaped = event.type === "keydown" && event.key === "Escape";
    const left = event.type === "click" && !menu.contains(event.target);
    if (!escaped && !left) continue;
    menu.open = false;
    if (escaped) menu.querySelector("summary").focus();
  }
}

document.addEventListener("keydown", closeMenus);
document.addEventListener("click", closeMenus);

// A form that came back with errors: the first wrong field has the focus, its error is read with it. Without one, what
// else is wrong has it, such as that a colleague saved something in between.
const wrong =
  document.querySelector("main [aria-invalid=true]") ??
  document.querySelector("main .error-summary, main .notice[role=alert][tabindex]");
wrong?.focus();

// On a phone a row of tabs may be wider than the page: the one that is shown stands in the middle, between others.
for (const tab of document.querySelectorAll(".tabs [aria-current], .site-nav [aria-current]")) {
  const row = tab.parentElement;
  row.scrollLeft = tab.offsetLeft - row.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
}
