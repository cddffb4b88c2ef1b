"""The form for a new topic: name, examples, and its answer."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sanic import Request

from bot.store.topics import TestMessage
from bot.web.editor.checks import MAX_TITLE_CHARS, limit, text_error
from bot.web.form_fields import line_field, text_field
from bot.web.topics.form import examples_of, lines_error, lines_of, name_errors
from bot.web.topics.saving import NewTopic


@dataclass(frozen=True)
class NewTopicForm:
    """As it was filled in. split_from: the intent that the examples are taken from; empty for a topic of its own."""

    title: str = ""
    description: str = ""
    examples: str = ""
    must: str = ""
    answer_title: str = ""
    answer_text: str = ""
    department: str = ""
    split_from: str = ""

    @classmethod
    def read(cls, request: Request) -> NewTopicForm:
        title = line_field(request, "title")
        return cls(
            title=title,
            description=text_field(request, "description"),
            examples=text_field(request, "examples"),
            must=text_field(request, "must"),
            answer_title=button_title(line_field(request, "answer_title"), title),
            answer_text=text_field(request, "answer_text"),
            department=line_field(request, "department"),
            split_from=line_field(request, "split_from"),
        )

    def errors(self, own: Collection[str]) -> dict[str, str]:
        """What is wrong: id of the control to Dutch sentence, in the order of the page. own: the company's fields."""
        errors = name_errors(self.title, self.description)
        if not lines_of(self.examples):
            errors["examples"] = "Schrijf minstens één voorbeeld."
        for control in ("examples", "must"):
            if error := lines_error(getattr(self, control)):
                errors[control] = error
        return errors | answer_errors(self.answer_title, self.answer_text, own)

    def topic(self, *, by: str) -> NewTopic:
        """What is stored."""
        return NewTopic(
            self.title,
            self.description,
            examples_of(self.examples, by=by),
            tuple(TestMessage(line, must_answer=True) for line in lines_of(self.must)),
            self.answer_title,
            self.answer_text,
        )


def button_title(typed: str, title: str) -> str:
    """What stands on a button: as it was typed, or else the topic's own title if there is room for it."""
    return typed or (title if len(title) <= MAX_TITLE_CHARS else "")


def answer_errors(title: str, text: str, own: Collection[str]) -> dict[str, str]:
    """What is wrong with the first answer of a topic. own: the company's fields."""
    errors = {}
    if error := text_error(text, own) if text else "Vul het antwoord in.":
        errors["answer_text"] = error
    if not title:
        errors["answer_title"] = "Vul in wat er op de knop staat: de naam van het onderwerp past er niet op."
    elif len(title) > MAX_TITLE_CHARS:
        errors["answer_title"] = f"De tekst op de knop mag {limit(title, MAX_TITLE_CHARS)}."
    return errors
