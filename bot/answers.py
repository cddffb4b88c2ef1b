"""From a template to the message that a customer reads."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import datetime, timezone

from bot.errors import NotFound
from bot.model import Button, Message, Sender, Template
from bot.opening_hours import OpeningHours
from bot.settings import Settings
from bot.store.templates import TemplateStore
from bot.store.work import now_ms

# What an editor may put between braces, with its explanation in the editor.
VARIABLES: dict[str, str] = {
    "wanneer": "Wanneer een medewerker antwoordt, als hele zin: Je krijgt morgen vanaf 9.00 uur antwoord.",
    "afdeling": "De afdeling die het overneemt, met lidwoord: de klantenservice",
    "medewerker": "De naam van de medewerker die het gesprek heeft",
    "bedrijf": "De naam van het bedrijf",
    "openingstijden": "De openingstijden van vandaag: vandaag van 9.00 tot 21.00 uur",
}
_VARIABLE = re.compile(r"\{(\w+)\}")

# What a customer hears when a conversation goes to a human, by reason; the rest hears utter_overdracht.
HANDOVER_TEMPLATES: dict[str, str] = {
    "complaint": "utter_overdracht_klacht",
    "not_confident": "utter_overdracht_onbekend",
    "unclear_twice": "utter_overdracht_onbekend",
    "not_helped": "utter_niet_geholpen",
    "assistant_slow": "utter_overdracht_storing",
    "assistant_failed": "utter_overdracht_storing",
    "template_missing": "utter_overdracht_storing",
}
# Said when even the template is missing: nobody is left without an answer.
LAST_RESORT = Template("", "", "Ik heb je bericht doorgestuurd naar {afdeling}. {wanneer}")


def unknown_variables(text: str) -> list[str]:
    """The names between braces in `text` that are no variable, in the order of the text."""
    return [name for name in dict.fromkeys(_VARIABLE.findall(text)) if name not in VARIABLES]


def render(text: str, values: Mapping[str, str]) -> str:
    """Fill the variables. One without a value leaves nothing behind: a customer never reads a brace."""
    filled = _VARIABLE.sub(lambda match: values.get(match[1], ""), text)
    return re.sub(r"[ \t]{2,}", " ", filled).strip()


class Answers:
    """Makes messages from the template store, as it is at that moment."""

    def __init__(self, templates: TemplateStore, settings: Settings) -> None:
        self._templates = templates
        self._settings = settings
        self._hours = OpeningHours.parse(settings.opening_hours, timezone=settings.timezone, country=settings.holidays)

    async def message(
        self,
        template_name: str,
        conversation_id: str,
        *,
        sender: Sender = "assistant",
        in_reply_to: str = "",
        notice: str = "",
        agent_name: str = "",
        buttons: tuple[Button, ...] = (),
    ) -> Message:
        """The message that `template_name` makes now; `buttons` come behind the template's own.

        Raises NotFound if there is no such template or its text is empty.
        """
        template = await self._templates.get(template_name)
        if not template.text.strip():
            raise NotFound(f"template {template_name!r} has no text")
        return self._filled(template, conversation_id, sender, in_reply_to, notice, agent_name, buttons)

    async def handover(self, reason: str, conversation_id: str, *, in_reply_to: str = "") -> Message:
        """What the customer hears when a human takes over for `reason`; never fails for want of a template."""
        name = HANDOVER_TEMPLATES.get(reason, "utter_overdracht")
        try:
            return await self.message(name, conversation_id, in_reply_to=in_reply_to, notice="handed_over")
        except NotFound:
            return self._filled(LAST_RESORT, conversation_id, "assistant", in_reply_to, "handed_over", "", ())

    async def waiting(self, conversation_id: str, *, in_reply_to: str = "", notice: str) -> Message:
        """What a customer hears who waits for a human; never fails for want of a template."""
        try:
            return await self.message("utter_in_wachtrij", conversation_id, in_reply_to=in_reply_to, notice=notice)
        except NotFound:
            return self._filled(LAST_RESORT, conversation_id, "assistant", in_reply_to, notice, "", ())

    def _filled(
        self,
        template: Template,
        conversation_id: str,
        sender: Sender,
        in_reply_to: str,
        notice: str,
        agent_name: str,
        buttons: tuple[Button, ...],
    ) -> Message:
        return Message(
            id=uuid.uuid4().hex,
            conversation_id=conversation_id,
            sender=sender,
            text=render(template.text, self.values(agent_name)),
            sent_at_ms=now_ms(),
            buttons=template.buttons + buttons,
            template=template.name,
            agent_name=agent_name,
            in_reply_to=in_reply_to,
            notice=notice,
        )

    def values(self, agent_name: str = "") -> dict[str, str]:
        """What every variable of VARIABLES stands for now."""
        at = datetime.now(timezone.utc)
        return {
            "wanneer": self._hours.when_answered(at, self._settings.reply_minutes),
            "afdeling": self._settings.department,
            "medewerker": agent_name or "een medewerker",
            "bedrijf": self._settings.company,
            "openingstijden": self._hours.today(at),
        }
