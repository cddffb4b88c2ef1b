"""When customers read an answer that no question leads to, for who edits it."""

from __future__ import annotations

# Goes under a public comment, as text alone.
_WITHOUT_BUTTONS = frozenset({"utter_reactie_openbaar"})

# Every answer of domain.yml that is no intent's; a test compares them.
_OCCASIONS = {
    "utter_welke_vraag": "Als de assistent twijfelt. Eronder staan hoogstens drie onderwerpen als knop.",
    "utter_overdracht": "Als de klant om een medewerker vraagt, of iets vraagt dat alleen medewerkers beantwoorden.",
    "utter_overdracht_klacht": "Als de klant een klacht heeft. Een klacht gaat voor in de wachtrij.",
    "utter_overdracht_onbekend": "Als de assistent het antwoord niet weet.",
    "utter_overdracht_storing": "Als de assistent door een storing niet antwoordt. Een medewerker krijgt de vraag.",
    "utter_overdracht_druk": "Als de assistent het te druk heeft. Een medewerker krijgt de vraag.",
    "utter_overdracht_reactie": "Het privébericht na een openbare reactie die een medewerker moet beantwoorden. Meta "
    "staat er maar één toe: vraag de klant dus om te antwoorden.",
    "utter_reactie_openbaar": "Komt op Facebook onder de openbare reactie van een klant, als we die een privébericht "
    "stuurden. Iedereen kan het lezen. Knoppen komen er niet bij.",
    "utter_zelfdoding": "Als een klant schrijft dat die niet meer wil leven. Noem altijd 113 en 112.",
    "utter_noodgeval": "Als iemand in gevaar is. Noem altijd 112.",
    "utter_bijlage": "Als een klant een foto, bestand of spraakbericht stuurt via Messenger of Instagram.",
    "utter_even_geduld": "Als het antwoord van de assistent op zich laat wachten.",
    "utter_in_wachtrij": "Als de klant iets schrijft tijdens het wachten op een medewerker, of opnieuw moet wachten.",
    "utter_medewerker_neemt_over": "Als een medewerker het gesprek overneemt.",
    "utter_klacht_overgenomen": "Als een medewerker een klacht overneemt.",
    "utter_doorverbonden": "Als een medewerker het gesprek aan een collega geeft.",
    "utter_andere_afdeling": "Als een medewerker het gesprek aan een andere afdeling geeft.",
    "utter_medewerker_weg": "Als de medewerker te lang niet bereikbaar is. Het gesprek staat dan weer in de wachtrij.",
    "utter_terug_naar_assistent": "Als een medewerker het gesprek teruggeeft aan de assistent.",
    "utter_weer_assistent": "Komt vóór het eerste antwoord van de assistent, nadat een collega in de Meta-inbox "
    "antwoordde.",
    "utter_gesloten": "Als een medewerker het gesprek sluit.",
    "utter_geholpen_vraag": "Komt een minuut na een antwoord van de assistent, als de klant niets meer schrijft, met "
    "de knoppen 👍 Ja en 👎 Nee. Bij Nee neemt een medewerker het over.",
    "utter_geholpen": "Als de klant zegt dat het antwoord hielp.",
    "utter_niet_geholpen": "Als de klant zegt dat het antwoord niet hielp.",
    "utter_beoordeling_vraag": "Komt nadat een medewerker het gesprek als opgelost sloot, met knoppen voor 1 tot 5.",
    "utter_beoordeling_dank": "Na een klik op een cijfer, één keer.",
}


def occasion(name: str) -> str:
    """A sentence for under the title of the template `name`; empty for the answer to a question."""
    return _OCCASIONS.get(name, "")


def answers_question(name: str) -> bool:
    """Whether a customer may choose it by its title, on a button under "Bedoel je …?"."""
    return name not in _OCCASIONS


def takes_buttons(name: str) -> bool:
    """Whether the buttons of the template `name` go along with its text."""
    return name not in _WITHOUT_BUTTONS
