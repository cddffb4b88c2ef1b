/** The answer as a customer reads it, while it is typed. */

const VARIABLE = /\{(\w+)\}/g;

/**
 * @param {Element} page
 * @param {HTMLFormElement} form
 */
export function startPreview(page, form) {
  const preview = page.querySelector("#preview");
  const bubble = preview.querySelector("#preview-text");
  const buttons = preview.querySelector("#preview-buttons");
  const values = JSON.parse(preview.dataset.values);

  const show = () => {
    bubble.replaceChildren(...filled(form.elements.text.value.trim(), values));
    const titles = [...form.querySelectorAll("[name^=button-][name$=-title]")].map((input) => input.value.trim());
    buttons.replaceChildren(...titles.filter(Boolean).map(quickReply));
    buttons.hidden = !buttons.firstChild;
  };
  form.addEventListener("input", show);
  show();
}

/**
 * The text with its variables filled in; one that doesn't exist stands out.
 * @param {string} text
 * @param {Record<string, string>} values
 * @returns {(string | Node)[]}
 */
function filled(text, values) {
  // Every second part is a variable's name.
  return text.split(VARIABLE).map((part, index) => {
    if (index % 2 === 0) return part;
    return Object.hasOwn(values, part) ? values[part] : unknown(part);
  });
}

/** @param {string} name */
function unknown(name) {
  const mark = document.createElement("mark");
  mark.className = "preview-unknown";
  mark.textContent = `{${name}}`;
  mark.title = "Deze variabele bestaat niet";
  return mark;
}

/** @param {string} title */
function quickReply(title) {
  const item = document.createElement("li");
  item.className = "quick-reply";
  item.textContent = title;
  return item;
}
