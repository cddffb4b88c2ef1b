"""The topics that a button can lead to."""

from __future__ import annotations

from collections.abc import Iterable

from bot.model import Template

ANSWER_PREFIX = "utter_"
FAQ_PREFIX = "utter_faq_"
# Intents that lead to an action instead of to an answer of their own.
_ACTIONS = {
    "/medewerker_spreken": "Een medewerker spreken",
    "/klacht": "Een klacht",
    "/bevestigen": "Ja zeggen",
    "/ontkennen": "Nee zeggen",
}


def payload_of(template: Template) -> str:
    """The payload that asks for this answer: Rasa's intent of the same name."""
    return "/" + template.name.removeprefix(ANSWER_PREFIX)


def payload_choices(templates: Iterable[Template]) -> dict[str, str]:
    """What a button can ask for: payload to Dutch words, in the order of the list that an editor picks from.

    Every FAQ answer, the actions, and what a button asks for already: an intent of the project that isn't known here.
    """
    templates = list(templates)
    titles = {payload_of(template): template.title or template.name for template in templates}
    faq = sorted(
        (payload_of(template) for template in templates if template.name.startswith(FAQ_PREFIX)),
        key=lambda payload: titles[payload].casefold(),
    )
    used = sorted({button.payload for template in templates for button in template.buttons if button.payload})
    payloads = dict.fromkeys([*faq, *_ACTIONS, *used])
    return {payload: _ACTIONS.get(payload) or titles.get(payload, payload) for payload in payloads}
