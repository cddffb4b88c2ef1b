"""From a template to the message that a customer reads."""

from __future__ import annotations

import re
import uuid
from collections.abc import Container, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from zlib import crc32

from bot.errors import NotFound
from bot.model import Attachment, Button, Handoff, Message, Sender, Template
from bot.settings import Settings
from bot.store.departments import DepartmentStore
from bot.store.editing_rules import EditingRulesStore
from bot.store.templates import TemplateStore
from bot.store.work import now_ms

# What an editor may put between braces, with its explanation in the editor.
VARIABLES: dict[str, str] = {
    "wanneer": "Wanneer een medewerker antwoordt, als hele zin: Je krijgt morgen vanaf 9.00 uur antwoord.",
    "afdeling": "De afdeling die het overneemt, met lidwoord: de klantenservice",
    "medewerker": "De naam van de medewerker die het gesprek heeft",
    "bedrijf": "De naam van het bedrijf",
    "openingstijden": "De openingstijden van vandaag: vandaag van 9.00 tot 21.00 uur",
    "kanaal": "Waar de klant schrijft: de chat, Messenger of Instagram",
    "klant": "De naam van de klant, als die bekend is",
    "bestelnummer": "Het bestelnummer dat de klant noemde, als een medewerker het antwoord gebruikt. De assistent "
    "laat dit weg",
}
# What a customer calls the channel that they write in.
CHANNEL_WORDS: dict[str, str] = {
    "widget": "de chat",
    "rest": "de chat",
    "messenger": "Messenger",
    "instagram": "Instagram",
    "comment": "Facebook",
}
_VARIABLE = re.compile(r"\{(\w+)\}")
# With the comma and space that would be left in front of another mark.
_PLACE = re.compile(r"(,?[ \t]*)\{(\w+)\}(?=([,.!?]?))")

# What a customer hears when a conversation goes to a human, by reason; the rest hears utter_overdracht.
HANDOVER_TEMPLATES: dict[str, str] = {
    "self_harm": "utter_zelfdoding",
    "emergency": "utter_noodgeval",
    "complaint": "utter_overdracht_klacht",
    "not_confident": "utter_overdracht_onbekend",
    "unclear_twice": "utter_overdracht_onbekend",
    "not_helped": "utter_niet_geholpen",
    "assistant_slow": "utter_overdracht_storing",
    "assistant_busy": "utter_overdracht_druk",
    "assistant_failed": "utter_overdracht_storing",
    "assistant_crashed": "utter_overdracht_storing",
    "template_missing": "utter_overdracht_storing",
    "attachment": "utter_bijlage",
}
# Under a public comment, for every reason but an emergency: until the customer answers there is this one message.
COMMENT_HANDOVER = "utter_overdracht_reactie"
# Said when even the template is missing: nobody is left without an answer.
LAST_RESORT = Template("", "", "Ik heb je bericht doorgestuurd naar {afdeling}. {wanneer}")
LAST_RESORT_COMMENT = Template(
    "",
    "",
    "Je reageerde op een bericht van ons. Een collega van {afdeling} helpt je hier privé verder.\n"
    "Stuur eerst een antwoord op dit bericht, 'ja' is genoeg: pas dan mogen wij je weer schrijven. {wanneer}",
)
PATIENCE = Template("", "", "Het is nu druk. Je krijgt zo antwoord.")
AGENT_AWAY = Template(
    "",
    "",
    "Sorry, {medewerker} is even niet bereikbaar. Een collega van {afdeling} leest het gesprek en neemt het over. "
    "{wanneer}",
)
# As in domain.yml: before any model is loaded, and without the template, the numbers are named too.
LAST_RESORTS: dict[str, Template] = {
    "self_harm": Template(
        "",
        "",
        "Wat heftig wat je schrijft. We nemen het serieus, en je hoeft hier niet alleen mee te blijven.\n"
        "Praat nu met iemand, ook als het om een ander gaat: bel 113 of gratis 0800-0113, of chat op 113.nl. "
        "Dat kan dag en nacht. In België bel je de Zelfmoordlijn: 1813. Is er nu gevaar? Bel meteen 112.\n"
        "Je bericht is met spoed gemeld bij {afdeling}. {wanneer} Wacht daar niet op.",
    ),
    "emergency": Template(
        "",
        "",
        "Dit klinkt als een noodgeval. Is er nu gevaar, of is iemand gewond of ziek? Bel meteen 112, of laat iemand "
        "anders bellen. Breng eerst jezelf in veiligheid. Gaat het om zelfdoding? Bel 113, in België 1813.\n"
        "Je bericht is met spoed gemeld bij {afdeling}. {wanneer} Wacht daar niet op.",
    ),
}
# What is said to who is in danger: nothing may take the place of its numbers, or hold a change of it back.
EMERGENCY_TEMPLATES = frozenset(HANDOVER_TEMPLATES[reason] for reason in LAST_RESORTS)


def unknown_variables(text: str, own: Container[str] = ()) -> list[str]:
    """The names between braces in `text` that are no variable, in the order of the text. own: the company's fields."""
    return [name for name in dict.fromkeys(_VARIABLE.findall(text)) if name not in VARIABLES and name not in own]


def render(text: str, values: Mapping[str, str]) -> str:
    """Fill the variables. One without a value leaves nothing behind: a customer never reads a brace."""

    def fill(place: re.Match[str]) -> str:
        space, name, mark = place.groups()
        value = values.get(name, "")
        return space + value if value or not mark else ""

    filled = _PLACE.sub(fill, text)
    return re.sub(r"[ \t]{2,}", " ", filled).strip()


class Answers:
    """Makes messages from the template store, as it is at that moment.

    What is said of humans is said of a department: that of the handoff, or the first one where there is none.
    """

    def __init__(
        self,
        templates: TemplateStore,
        settings: Settings,
        departments: DepartmentStore,
        rules: EditingRulesStore,
    ) -> None:
        self._rules = rules
        self._templates = templates
        self._settings = settings
        self._departments = departments

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
        handoff: Handoff | None = None,
        channel: str = "",
        customer_name: str = "",
    ) -> Message:
        """The message that `template_name` makes now; `buttons` come behind the template's own.

        handoff: why humans have the conversation, and so which department. channel: that of the conversation.
        Raises NotFound if there is no such template, or nothing to read in it: variables may be all that there is.
        """
        template = await self._templates.get(template_name)
        values = {**await self.values(agent_name, handoff, channel), "klant": customer_name}
        said = _filled(template, values, conversation_id, sender, in_reply_to, notice, agent_name, buttons, channel)
        if not said.text:
            raise NotFound(f"template {template_name!r} has no text")
        return said

    async def handover(
        self,
        handoff: Handoff,
        conversation_id: str,
        *,
        in_reply_to: str = "",
        notice: str = "handed_over",
        channel: str = "",
    ) -> Message:
        """What the customer hears when a human is called; never fails for want of a template.

        channel: that of the conversation, which may be a public comment.
        """
        reason = handoff.reason
        name, last_resort = HANDOVER_TEMPLATES.get(reason, "utter_overdracht"), LAST_RESORTS.get(reason, LAST_RESORT)
        if channel == "comment" and reason not in LAST_RESORTS:
            name, last_resort = COMMENT_HANDOVER, LAST_RESORT_COMMENT
        return await self._message_or(
            last_resort,
            name,
            conversation_id,
            in_reply_to=in_reply_to,
            notice=notice,
            handoff=handoff,
            channel=channel,
        )

    async def beside_agent(self, handoff: Handoff, conversation_id: str, *, in_reply_to: str = "") -> Message:
        """The same for a customer who talks with an agent: without saying when one will answer."""
        name = HANDOVER_TEMPLATES[handoff.reason]
        template = (await self._templates.get_many([name])).get(name)
        if template is None or not template.text.strip():
            template = LAST_RESORTS[handoff.reason]
        values = {**await self.values("", handoff), "wanneer": ""}
        return _filled(template, values, conversation_id, "assistant", in_reply_to, "emergency")

    async def waiting(
        self,
        conversation_id: str,
        *,
        in_reply_to: str = "",
        notice: str,
        handoff: Handoff | None = None,
        channel: str = "",
    ) -> Message:
        """What a customer hears who waits for a human; never fails for want of a template.

        handoff: why they wait; who is in danger reads the emergency numbers again instead.
        """
        if handoff and handoff.reason in LAST_RESORTS:
            return await self.handover(handoff, conversation_id, in_reply_to=in_reply_to, notice=notice)
        return await self._message_or(
            LAST_RESORT,
            "utter_in_wachtrij",
            conversation_id,
            in_reply_to=in_reply_to,
            notice=notice,
            handoff=handoff,
            channel=channel,
        )

    async def patience(self, conversation_id: str, *, message_id: str, in_reply_to: str) -> Message:
        """What a customer hears who waits in line for the assistant; never fails for want of a template."""
        said = await self._message_or(
            PATIENCE, "utter_even_geduld", conversation_id, in_reply_to=in_reply_to, notice="patience"
        )
        return replace(said, id=message_id, sender="system")

    async def agent_away(
        self, conversation_id: str, *, agent_name: str, handoff: Handoff, channel: str = ""
    ) -> Message:
        """What a customer hears whose agent is gone; never fails for want of a template.

        handoff: why they talked to a human; who is in danger reads the emergency numbers again instead.
        """
        if handoff.reason in LAST_RESORTS:
            return await self.handover(handoff, conversation_id, notice="put_back")
        return await self._message_or(
            AGENT_AWAY,
            "utter_medewerker_weg",
            conversation_id,
            sender="system",
            notice="put_back",
            agent_name=agent_name,
            handoff=handoff,
            channel=channel,
        )

    async def values(self, agent_name: str = "", handoff: Handoff | None = None, channel: str = "") -> dict[str, str]:
        """What every variable stands for now, the company's own too; one without a value may be left out."""
        department = await self._departments.of_handoff(handoff)
        hours, target = self._departments.hours(department), department.target_of(channel)
        at = datetime.now(timezone.utc)
        return {
            **(await self._rules.get()).fields,
            "kanaal": CHANNEL_WORDS.get(channel, ""),
            "wanneer": hours.when_answered(at, target.first_minutes),
            "afdeling": department.name,
            "medewerker": agent_name or "een medewerker",
            "bedrijf": self._settings.company,
            "openingstijden": hours.today(at),
        }

    async def _message_or(
        self,
        last_resort: Template,
        template_name: str,
        conversation_id: str,
        *,
        sender: Sender = "assistant",
        in_reply_to: str = "",
        notice: str = "",
        agent_name: str = "",
        handoff: Handoff | None = None,
        channel: str = "",
    ) -> Message:
        """As `message`, with words of our own where the template is missing."""
        try:
            return await self.message(
                template_name,
                conversation_id,
                sender=sender,
                in_reply_to=in_reply_to,
                notice=notice,
                agent_name=agent_name,
                handoff=handoff,
                channel=channel,
            )
        except NotFound:
            values = await self.values(agent_name, handoff, channel)
            return _filled(last_resort, values, conversation_id, sender, in_reply_to, notice, agent_name, (), channel)


def _filled(
    template: Template,
    values: Mapping[str, str],
    conversation_id: str,
    sender: Sender,
    in_reply_to: str,
    notice: str,
    agent_name: str = "",
    buttons: tuple[Button, ...] = (),
    channel: str = "",
) -> Message:
    # The same message gets the same wording, also when its turn is done again.
    turn = crc32((in_reply_to or conversation_id).encode())
    wordings = template.wordings(channel)
    image = template.image
    return Message(
        id=uuid.uuid4().hex,
        conversation_id=conversation_id,
        sender=sender,
        text=render(wordings[turn % len(wordings)], values),
        sent_at_ms=now_ms(),
        buttons=template.buttons + buttons,
        template=template.name,
        agent_name=agent_name,
        in_reply_to=in_reply_to,
        notice=notice,
        attachments=(Attachment("image", image.url, image.alt),) if image else (),
    )
