"""What the learning inbox says, in Dutch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.model import Template
from bot.store.lessons import Lesson, LessonKind, LessonState
from bot.store.missed import Reason
from bot.store.topics import Standing, Topic

# On a row, where the whole reason has no place.
SHORT_REASONS: dict[Reason, str] = {
    "agent_answered": "medewerker",
    "handed_over": "wilde medewerker",
    "asked_back": "doorgevraagd",
    "unsure": "niet herkend",
    "not_helped": "hielp niet",
}
KINDS: dict[LessonKind, str] = {
    "assign": "Bij een onderwerp gezet",
    "new_topic": "Nieuw onderwerp",
    "ignore": "Niets van geleerd",
    "personal": "Persoonlijk",
}
STATES: dict[LessonState, str] = {
    "proposed": "wacht op een collega",
    "applied": "gedaan",
    "rejected": "afgewezen",
    "undone": "ongedaan gemaakt",
}


@dataclass(frozen=True)
class Done:
    """What the reader just did.

    said: in words. lesson_id: to undo it. answer_url: of the draft that it made. needs_training: before it counts.
    """

    said: str = ""
    lesson_id: str = ""
    answer_url: str = ""
    needs_training: bool = False


def count_of(number: int) -> str:
    return "1 bericht" if number == 1 else f"{number} berichten"


def said_of(lesson: Lesson, titles: dict[str, str]) -> str:
    """What was done, for who did it just now. titles: of topics, by intent."""
    messages, title = count_of(len(lesson.taught)), titles.get(lesson.intent, lesson.title or lesson.intent)
    them = "het" if len(lesson.taught) == 1 else "ze"
    if lesson.state == "proposed":
        return f"Voorgesteld aan een collega: {messages} bij “{lesson.title or title}”."
    return {
        "assign": f"{messages} toegevoegd aan “{title}”. De assistent kent {them} na de volgende training.",
        "new_topic": f"Onderwerp “{title}” gemaakt van {messages}. Het antwoord staat klaar als concept.",
        "ignore": f"{messages} weggelegd: hier leert de assistent niets van.",
        "personal": f"{messages} gemarkeerd als persoonlijk. De tekst is weg.",
    }[lesson.kind]


def titles_of(topics: Iterable[Topic | Standing], templates: Iterable[Template] = ()) -> dict[str, str]:
    """What people call each intent."""
    known = {one.name.removeprefix("utter_"): one.title for one in templates if one.title}
    return known | {one.intent: one.title for one in topics}


def percent(share: float) -> str:
    return f"{round(100 * share)}%"
