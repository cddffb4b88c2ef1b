"""The page for people: complete in itself, safe with whatever customers wrote, the worst mistakes first."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bot.nlu.conclusions import ANSWER, ASK, HUMAN
from bot.nlu.examples import Example
from bot.nlu.report.mistakes import mistakes_of
from bot.nlu.report.neighbours import Neighbours
from bot.nlu.report.page import MAX_SHOWN, hardest_first, of_hundred, percent, write_report
from bot.nlu.report.plots import most_confused
from bot.nlu.retraining import Retraining
from bot.nlu.verdicts import Verdict, Verdicts, figures, figures_of_intents
from tests.nlu.conftest import SMALL

OPEN, COSTS = "faq_openingstijden", "faq_retourkosten"
HOSTILE = 'zondag open? <script>alert(1)</script> "><img src=x onerror=alert(1)> {{ 7*7 }} $x_1$'


def verdict(label: str, outcome: str, guess: str, confidence: float = 0.9, text: str = "zondag open?") -> Verdict:
    ranking = [{"name": guess, "confidence": confidence}] if guess else []
    return Verdict(text=text, label=label, outcome=outcome, intent=guess, threshold=0.8, ranking=ranking)


def verdicts(*each: Verdict) -> Verdicts:
    return Verdicts(each, frozenset({OPEN, COSTS}))


class Page(HTMLParser):
    """The tags and addresses of a page, and its text."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.addresses: list[str] = []
        self.text = ""
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self.addresses += [value or "" for name, value in attrs if name in ("src", "srcset", "href")]

    def handle_data(self, data: str) -> None:
        self.text += data


def report(folder: Path, retraining: Retraining, test: Verdicts, out_of_scope: Verdicts) -> Page:
    intents = {intent: {**of, "threshold": 0.8} for intent, of in figures_of_intents(test).items()}
    measured = {
        **figures(test, out_of_scope),
        **{"threshold": 0.8, "ask_threshold": 0.5, "train_s": 1.0, "ms_per_message": 1.0, "intents": intents},
        **{"spacy_model": "blank:nl", "encoder": "use"},
    }
    return Page(write_report(folder, measured, test, out_of_scope, retraining))


def test_page_needs_nothing_else_and_escapes_what_customers_wrote(tmp_path: Path, retraining: Retraining) -> None:
    test = verdicts(verdict(COSTS, ANSWER, OPEN, text=HOSTILE), verdict(OPEN, HUMAN, OPEN, 0.5))
    page = report(tmp_path, retraining, test, verdicts(verdict("nlu_fallback", ANSWER, OPEN, text="welke <b>dag</b>")))
    assert HOSTILE in page.text and "welke <b>dag</b>" in page.text
    assert not {"script", "b", "iframe", "link", "form"} & set(page.tags) and page.handlers == []
    assert all(re.match(r"#|data:image/png;base64,", address) for address in page.addresses)
    assert page.tags.count("img") == page.tags.count("source") == 4
    pictures = {file.name for file in tmp_path.glob("*.png")}
    assert pictures == {"reliability.png", "coverage_precision.png", "confusion.png", "leak_coverage.png"}


def test_page_shows_ranking_and_nearest_examples(tmp_path: Path, retraining: Retraining) -> None:
    page = report(tmp_path, retraining, verdicts(verdict(COSTS, ANSWER, OPEN)), verdicts())
    assert "zijn jullie zondag open" in page.text
    assert "90,0%" in page.text
    assert page.tags.count("img") == 3  # nothing leaks where nothing was out of scope


def test_page_of_a_perfect_result(tmp_path: Path, retraining: Retraining) -> None:
    page = report(tmp_path, retraining, verdicts(verdict(OPEN, ANSWER, OPEN)), verdicts())
    assert "details" not in page.tags
    assert "Zeker, maar fout: 0" in page.text


def test_page_of_a_message_without_words(tmp_path: Path, retraining: Retraining) -> None:
    page = report(tmp_path, retraining, verdicts(verdict(OPEN, HUMAN, "", text="///")), verdicts())
    assert "er staan geen woorden in het bericht" in page.text


def test_only_the_worst_of_many_are_shown(tmp_path: Path, retraining: Retraining) -> None:
    many = verdicts(*(verdict(COSTS, ANSWER, OPEN) for _ in range(MAX_SHOWN + 1)))
    page = report(tmp_path, retraining, many, verdicts())
    assert page.tags.count("details") == MAX_SHOWN
    assert f"Je ziet de eerste {MAX_SHOWN}" in page.text


def test_worst_mistakes_come_first() -> None:
    wrong = [verdict(COSTS, ANSWER, OPEN, confidence) for confidence in (0.8, 0.95)]
    own_out_of_scope = verdict("nlu_fallback", ANSWER, OPEN)
    handed_over = verdict(OPEN, HUMAN, OPEN, 0.4)
    fine = [verdict(OPEN, ANSWER, OPEN), verdict(OPEN, ASK, OPEN), verdict("klacht", HUMAN, "klacht")]
    leaked = verdict("nlu_fallback", ANSWER, OPEN, 0.99)
    kinds = mistakes_of(verdicts(*wrong, own_out_of_scope, handed_over, *fine), verdicts(leaked))
    assert [(mistakes.kind, mistakes.verdicts) for mistakes in kinds] == [
        ("wrong", wrong[::-1]),
        ("leaked", [leaked, own_out_of_scope]),
        ("handed_over", [handed_over]),
    ]


def test_nearest_examples_are_about_the_same(retraining: Retraining) -> None:
    neighbours = Neighbours(retraining.examples)
    for text, intent in (("is de winkel op zondag open", OPEN), ("wachtwoord kwijt", "faq_wachtwoord")):
        (message,) = retraining.read([Example(text, "")])
        found = neighbours.of(message)
        assert found[0].intent == intent
        assert [one.similarity for one in found] == sorted((one.similarity for one in found), reverse=True)
    (same,) = retraining.read([Example(SMALL[OPEN][0], OPEN)])
    assert neighbours.of(same)[0].similarity == pytest.approx(1, abs=1e-3)


def test_intents_with_wrong_answers_come_first() -> None:
    def of(answered: int, precision: float | None, recall: float | None) -> dict[str, float | None]:
        return {"answered": answered, "precision": precision, "recall": recall}

    intents = {
        "fine": of(9, 1, 1),
        "silent": of(0, None, 0),
        "wrong": of(9, 0.5, 0.9),
        "never asked": of(0, None, None),
    }
    assert [name for name, _ in hardest_first(intents)] == ["wrong", "silent", "fine", "never asked"]


def test_most_confused_intents() -> None:
    test = verdicts(verdict(OPEN, HUMAN, COSTS), verdict(OPEN, HUMAN, COSTS), verdict("klacht", HUMAN, "groet"))
    assert most_confused(test) == [OPEN, COSTS, "klacht", "groet"]


@pytest.mark.parametrize(
    ("share", "shown", "words"),
    [(None, "–", "–"), (0.0, "0,0%", "0"), (0.001, "0,1%", "minder dan 1"), (0.025, "2,5%", "3")]
    + [(0.9765, "97,7%", "98"), (0.996, "99,6%", "ruim 99"), (1.0, "100,0%", "100")],
)
def test_shares_in_dutch(share: float | None, shown: str, words: str) -> None:
    assert (percent(share), of_hundred(share)) == (shown, words)
