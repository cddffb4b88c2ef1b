"""What an editor makes of messages, as it was filled in."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sanic import Request

from bot.store.lessons import Lesson, LessonKind, Taught
from bot.store.missed import Missed
from bot.store.topics import MAX_DESCRIPTION_CHARS, MAX_EXAMPLE_CHARS, MAX_TITLE_CHARS, Topic
from bot.store.work import now_ms
from bot.web.editor.checks import MAX_TEXT_CHARS
from bot.web.form_fields import field, line_field, text_field

# The most messages that one page shows.
ROWS = 25
KINDS: Sequence[LessonKind] = ("assign", "new_topic", "ignore", "personal")


@dataclass(frozen=True)
class LessonForm:
    """chosen: places of messages; texts: of those on the page, as they are to be examples.

    everything: all of the group, also what is not on the page: how many the page said that these are; 0 for no.
    topic: as it was typed, a title or an intent.
    """

    kind: str = ""
    chosen: tuple[str, ...] = ()
    texts: Mapping[str, str] | None = None
    everything: int = 0
    topic: str = ""
    title: str = ""
    description: str = ""
    answer: str = ""

    @classmethod
    def read(cls, request: Request) -> LessonForm:
        rows, everything = range(1, ROWS + 1), field(request, "everything")
        places = {number: field(request, f"place-{number}") for number in rows}
        return cls(
            kind=field(request, "deed"),
            chosen=tuple(
                place for number, place in places.items() if place and field(request, f"chosen-{number}") == "on"
            ),
            texts={place: line_field(request, f"text-{number}") for number, place in places.items() if place},
            everything=int(everything) if re.fullmatch(r"[0-9]{1,6}", everything) else 0,
            topic=line_field(request, "topic"),
            title=line_field(request, "title"),
            description=text_field(request, "description"),
            answer=text_field(request, "answer"),
        )

    def text_of(self, missed: Missed) -> str:
        """As it becomes an example: what the editor made of it."""
        typed = (self.texts or {}).get(missed.place)
        return " ".join(missed.text.split())[:MAX_EXAMPLE_CHARS] if typed is None else typed

    def errors(self, topics: Sequence[Topic], chosen: Sequence[Missed]) -> dict[str, str]:
        """What is wrong: id of the control to Dutch sentence. chosen: the messages that are still there."""
        errors: dict[str, str] = {}
        if self.kind not in KINDS:
            errors[""] = "Kies wat er met de berichten moet gebeuren."
        if not chosen:
            errors["messages"] = "Vink eerst een of meer berichten aan."
        if self.kind == "assign" and not self.target(topics):
            errors["topic"] = (
                f"Er is geen onderwerp “{self.topic[:MAX_TITLE_CHARS]}”. Kies er een uit de lijst."
                if self.topic
                else "Kies een onderwerp."
            )
        if self.kind == "new_topic":
            errors |= self._topic_errors(topics)
        if self.kind in ("assign", "new_topic") and any(
            not 1 <= len(self.text_of(one)) <= MAX_EXAMPLE_CHARS for one in chosen
        ):
            errors["messages"] = f"Een voorbeeld heeft 1 tot {MAX_EXAMPLE_CHARS} tekens."
        return errors

    def _topic_errors(self, topics: Sequence[Topic]) -> dict[str, str]:
        errors = {}
        if not 1 <= len(self.title) <= MAX_TITLE_CHARS:
            errors["title"] = f"Geef het onderwerp een naam van 1 tot {MAX_TITLE_CHARS} tekens."
        elif same := called(self.title, topics):
            errors["title"] = (
                f"Er is al een onderwerp “{same.title}”. Zet de berichten daarbij, of kies een andere naam."
            )
        if len(self.description) > MAX_DESCRIPTION_CHARS:
            errors["description"] = f"Hoogstens {MAX_DESCRIPTION_CHARS} tekens; het zijn er nu {len(self.description)}."
        if len(self.answer) > MAX_TEXT_CHARS:
            errors["answer"] = f"Hoogstens {MAX_TEXT_CHARS} tekens; het zijn er nu {len(self.answer)}."
        return errors

    def target(self, topics: Sequence[Topic]) -> Topic | None:
        """The topic that was meant."""
        by_intent = {one.intent: one for one in topics}
        return by_intent.get(self.topic) or called(self.topic, topics)

    def lesson(self, chosen: Sequence[Missed], topics: Sequence[Topic], *, by: str) -> Lesson:
        """Call it without errors only."""
        teaches = self.kind in ("assign", "new_topic")
        target = self.target(topics) if self.kind == "assign" else None
        is_new = self.kind == "new_topic"
        return Lesson(
            id=uuid.uuid4().hex,
            kind=next(kind for kind in KINDS if kind == self.kind),
            state="applied",
            by=by,
            at_ms=now_ms(),
            taught=tuple(Taught(one.place, self.text_of(one) if teaches else "") for one in chosen),
            intent=target.intent if target else "",
            title=self.title if is_new else "",
            description=self.description if is_new else "",
            answer=self.answer if is_new else "",
        )


def called(title: str, topics: Sequence[Topic]) -> Topic | None:
    """The topic of that name."""
    wanted = title.casefold()
    return next((one for one in topics if one.title.casefold() == wanted), None)
