/** Colleagues in a note: `@` lists them. */

import { Picker } from "./picker.js";

let colleagues = null;

async function load() {
  const response = await fetch("/desk/colleagues", { headers: { accept: "application/json" } });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return (await response.json()).colleagues;
}

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

async function search(query) {
  colleagues ??= await load();
  const fits = ({ id, name }) => plain(name).includes(plain(query)) || id.includes(plain(query));
  return colleagues.filter(fits).map(({ id, name }) => ({ title: name, text: id, name }));
}

/** `box`: the note's TextBox. */
export function startMentions(box) {
  new Picker({
    box,
    sign: "@",
    label: "Noem een collega",
    nothing: "Geen collega gevonden.",
    search,
    insert: ({ name }) => `@${name} `,
  });
}
