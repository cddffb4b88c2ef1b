/** Everything a customer reads that doesn't come from the server. */
export const texts = {
  label: "Chat met ons",
  heading: "Stel je vraag",
  intro:
    "Hoi! Ik ben een digitale assistent, geen mens. Stel je vraag in je eigen woorden. " +
    "Weet ik het niet, dan helpt een medewerker je verder.",
  log: "Gesprek",
  close: "Chat sluiten",
  messageLabel: "Je bericht",
  placeholder: "Typ je bericht",
  send: "Versturen",
  you: "Jij",
  assistant: "Assistent",
  agent: "Medewerker",
  notice: "Melding",
  newMessages: "Nieuwe berichten",
  newTab: "(opent in een nieuw tabblad)",
  quickReplies: "Kies een antwoord",
  retry: "Opnieuw proberen",
  offline: "Geen verbinding. We proberen het opnieuw…",
  retryNow: "Nu proberen",
  refused: "De chat werkt niet op deze pagina.",
  forgotten: "Je vorige gesprek is niet meer beschikbaar. Dit is een nieuw gesprek.",
  notSent: "Je bericht is niet verzonden.",
  tooLarge: "Dit bericht is te groot om te versturen.",
  states: {
    sending: "Wordt verzonden…",
    waiting: "Wacht op verbinding…",
    behind: "Wacht op je vorige bericht…",
    sent: "Verzonden",
    failed: "Niet verzonden.",
  },
  /** @param {number} count */
  unread: (count) => (count === 1 ? "1 nieuw bericht" : `${count} nieuwe berichten`),
  /** @param {string} name */
  isTyping: (name) => `${name} is aan het typen`,
  /** @param {number} count */
  charsLeft: (count) => (count === 1 ? "Nog 1 teken" : `Nog ${count} tekens`),
  /** @param {number} count */
  charsOver: (count) => (count === 1 ? "1 teken te veel" : `${count} tekens te veel`),
  /**
   * @param {import("./protocol.js").Owner} owner
   * @param {string} agentName empty if unknown
   */
  talkingTo: (owner, agentName) =>
    ({
      assistant: "Je praat met de digitale assistent",
      queue: "Je staat in de wachtrij voor een medewerker",
      agent: `Je praat met ${agentName || "een medewerker"}`,
      closed: "Gesprek afgesloten. Je kunt altijd iets nieuws vragen.",
    })[owner] ?? "",
};
