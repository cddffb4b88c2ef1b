/** Talks with the fake: its state as soon as it changes, and what a button does. */
import { byId } from "./dom.js";

const PAUSE_MS = 1000;
const AT_MOST_EVERY_MS = 60;

/** Calls `onState` with every new state, for ever; `onLost` while the fake does not answer. */
export async function follow(onState, onLost) {
  let after = "";
  for (;;) {
    try {
      const answer = await fetch(`/_fake/state?after=${after}`);
      if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
      const state = await answer.json();
      after = state.version;
      onState(state);
      await pause(AT_MOST_EVERY_MS);
    } catch (error) {
      console.warn(error);
      onLost();
      after = "";
      await pause(PAUSE_MS);
    }
  }
}

/** One button; says what was wrong with it on the page. Returns whether it went well. */
export async function act(name, given = {}) {
  const problem = byId("problem");
  problem.hidden = true;
  try {
    const answer = await fetch(`/_fake/do/${name}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(given),
    });
    if (answer.ok) return true;
    problem.textContent = `Dat ging niet: ${(await answer.json()).error}`;
  } catch {
    problem.textContent = "De namaak-Messenger antwoordt niet. Draait make fake-messenger nog?";
  }
  problem.hidden = false;
  return false;
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));
