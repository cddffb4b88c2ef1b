"""When customers read an answer that belongs to no question, for who edits it."""

from __future__ import annotations

_OCCASIONS = {
    "utter_reactie_openbaar": "Komt op Facebook onder de openbare reactie van een klant, als we die een privébericht "
    "stuurden. Iedereen kan het lezen. Knoppen komen er niet bij.",
    "utter_overdracht_reactie": "Het privébericht na een openbare reactie die een medewerker moet beantwoorden. Meta "
    "staat er maar één toe: vraag de klant dus om te antwoorden.",
    "utter_weer_assistent": "Komt vóór het eerste antwoord van de assistent, nadat een collega in de Meta-inbox "
    "antwoordde.",
    "utter_geholpen_vraag": "Komt een minuut na een antwoord van de assistent, als de klant niets meer schrijft, met "
    "de knoppen 👍 Ja en 👎 Nee. Bij Nee neemt een medewerker het over.",
    "utter_geholpen": "Als de klant zegt dat het antwoord hielp.",
    "utter_niet_geholpen": "Als de klant zegt dat het antwoord niet hielp.",
    "utter_beoordeling_vraag": "Komt nadat een medewerker het gesprek als opgelost sloot, met knoppen voor 1 tot 5.",
    "utter_beoordeling_dank": "Na een klik op een cijfer, één keer.",
    "utter_bijlage": "Als een klant een foto, bestand of spraakbericht stuurt via Messenger of Instagram.",
}


def occasion(name: str) -> str:
    """A sentence for under the title of the template `name`; empty where the title says enough."""
    return _OCCASIONS.get(name, "")
