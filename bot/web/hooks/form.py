"""The form for a webhook: where to, what about, and whether words go along."""

from __future__ import annotations

from dataclasses import dataclass

from sanic import Request

from bot.store.hooks import EVENTS, Hook
from bot.web.form_fields import field, fields, line_field
from bot.web.hooks.client import MAX_URL_CHARS, BadAddress, check_address

# In the words of the page.
EVENT_HELP = {
    "handoff": "Een gesprek gaat naar een medewerker",
    "claim": "Een medewerker neemt het over",
    "reply": "Een medewerker antwoordt",
    "message": "De klant schrijft een medewerker",
    "transfer": "Het gaat naar een collega of andere afdeling",
    "put_back": "Het gaat terug naar de wachtrij",
    "hand_back": "Het gaat terug naar de assistent",
    "close": "Een medewerker sluit het",
    "promise": "De klant wacht langer dan beloofd",
    "rating": "De klant geeft een cijfer",
}
assert set(EVENT_HELP) == set(EVENTS)


@dataclass(frozen=True)
class HookForm:
    """As it was sent."""

    url: str = ""
    events: tuple[str, ...] = ("handoff", "reply", "close")
    with_text: bool = False
    is_on: bool = True

    @classmethod
    def of(cls, hook: Hook) -> HookForm:
        """As it is stored."""
        return cls(hook.url, hook.events, hook.with_text, hook.is_active)

    @classmethod
    def read(cls, request: Request) -> HookForm:
        """From the fields of a request."""
        wanted = fields(request, "events")
        return cls(
            url=line_field(request, "url")[: MAX_URL_CHARS + 1],
            events=tuple(event for event in EVENTS if event in wanted),
            with_text=bool(field(request, "with_text")),
            is_on=bool(field(request, "is_on")),
        )

    def errors(self, *, private: bool) -> dict[str, str]:
        """What is wrong: id of the control to Dutch sentence. private: as `check_address`."""
        errors = {}
        try:
            check_address(self.url, private=private)
        except BadAddress as exc:
            errors["url"] = str(exc)
        if not self.events:
            errors["event-handoff"] = "Kies minstens één gebeurtenis."
        return errors
