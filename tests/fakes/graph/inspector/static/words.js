/** The page's Dutch, where it depends on what there is to say. */
const TIME = new Intl.DateTimeFormat("nl-NL", { hour: "2-digit", minute: "2-digit" });
const CLOCK = new Intl.DateTimeFormat("nl-NL", { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

export const time = (ms) => TIME.format(ms);
export const clock = (ms) => CLOCK.format(ms);

export const PLATFORM = { messenger: "Messenger", instagram: "Instagram" };

export const DELIVERY = {
  held: "vastgehouden",
  waiting: "wordt opnieuw geprobeerd",
  delivered: "bezorgd",
  refused: "geweigerd",
  dropped: "opgegeven",
  "not subscribed": "niet bezorgd: geen abonnement",
  nowhere: "niet bezorgd: geen webhook",
};

export const ALERT = {
  "webhook failing for 15 minutes": "de webhook antwoordt al een kwartier niet",
  "Webhooks Disabled": "de pagina is van de webhook gehaald (Webhooks Disabled)",
};

export const ATTACHMENT = {
  image: "Foto",
  video: "Video",
  audio: "Spraakbericht",
  file: "Bestand",
  sticker: "Sticker",
};

export const REACTION = { love: "❤️", like: "👍", laugh: "😆", smile: "😆", wow: "😮", sad: "😢", angry: "😠", dislike: "👎" };

/** What can go wrong with the bot's next message. */
export const FAULTS = [
  ["krijgt: te veel berichten (80006)", { code: 80006 }],
  ["krijgt: even storing (2)", { code: 2 }],
  ["krijgt: buiten de 24 uur (10/2018278)", { code: 10, subcode: 2018278 }],
  ["krijgt: iemand anders heeft het woord (10/2018300)", { code: 10, subcode: 2018300 }],
  ["krijgt: klant niet bereikbaar (551/1545041)", { code: 551, subcode: 1545041 }],
  ["krijgt: ongeldig (100)", { code: 100 }],
  ["krijgt: token werkt niet meer (190/463)", { code: 190, subcode: 463 }],
  ["krijgt: geen toestemming (200/2018028)", { code: 200, subcode: 2018028 }],
  ["krijgt: pagina geblokkeerd (2022)", { code: 2022 }],
  ["krijgt: fout, maar toch verstuurd (1/1357046)", { code: 1, subcode: 1357046 }],
  ["krijgt: HTML met status 502", { kind: "html" }],
  ["komt aan, maar er komt geen antwoord", { kind: "hang" }],
  ["komt niet aan en er komt geen antwoord", { kind: "hang_before" }],
  ["komt aan, maar de verbinding breekt", { kind: "cut" }],
];

/** How long until `ms`, as "nog 23 u 59 min"; or that it is over. */
export function left(ms, now) {
  if (!ms) return "niet open";
  const minutes = Math.floor((ms - now) / 60_000);
  if (minutes < 0) return "voorbij";
  const days = Math.floor(minutes / 1440);
  const hours = Math.floor((minutes % 1440) / 60);
  return `nog ${days ? `${days} d ` : ""}${hours ? `${hours} u ` : ""}${minutes % 60} min`;
}
