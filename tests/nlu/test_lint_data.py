"""`make lint-data`: every finding once there and once not, and the project's own examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from bot.nlu.lint.annotations import check_annotations
from bot.nlu.lint.answers import check_answers, read_project
from bot.nlu.lint.balance import check_balance
from bot.nlu.lint.contradictions import check_confusions
from bot.nlu.lint.findings import Severity
from bot.nlu.lint.likeness import Likeness, check_near_duplicates, check_same_text
from bot.nlu.lint.pipeline import Seen
from bot.nlu.lint.sources import SourceExample, read_source
from bot.nlu.lint.text_checks import check_texts
from bot.nlu.lint_data import main
from bot.nlu.rasa_model import OWN_EXAMPLES
from tests.nlu.conftest import SMALL

READ_CHARS = 500


def example(text: str, intent: str = "faq_contact", line: int = 1) -> SourceExample:
    return SourceExample(text, intent, line, text)


def examples(*pairs: tuple[str, str]) -> list[SourceExample]:
    return [example(text, intent, line) for line, (text, intent) in enumerate(pairs, 1)]


def write(folder: Path, of_intent: dict[str, list[str]]) -> Path:
    file = folder / "examples.jsonl"
    rows = [{"text": text, "intent": intent} for intent, texts in of_intent.items() for text in texts]
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return file


def run(file: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit code, and what was written as JSON."""
    out = file.with_name("findings.json")
    code = main([str(file), "--json", str(out), *arguments])
    return code, json.loads(out.read_text(encoding="utf-8"))


def with_examples(intent: str, *texts: str) -> dict[str, list[str]]:
    return {**SMALL, intent: [*SMALL.get(intent, []), *texts]}


def of_check(findings: dict[str, Any], check: str) -> list[dict[str, Any]]:
    return [finding for finding in findings["findings"] if finding["check"] == check]


# One example at a time.


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ("hoe kan ik jullie bellen", None),
        (" ", "empty"),
        ("ik wil graag weten hoe laat jullie open zijn " * 10, "too-long"),
        ("wat is het nummer van de <b>klantenservice</b>", "markup"),
        ("kosten < 5 en > 3 & meer", None),
        ("bel mij&nbsp;terug", "markup"),
        ("mijn [pakje](product) is er niet", "markup"),
        ("hoe bel ik\u200bjullie", "invisible"),
        ("hoe bel\u00a0ik jullie", "invisible"),
        ("ja graag 👩\u200d🔧 \u2764\ufe0f", None),
        ("zijn jullie ook in belgiÃ« te bellen", "broken-text"),
        ("zijn jullie ook in België te bellen", None),
        ("can you please tell me when you are open", "other-language"),
        ("wat is de status van mijn order, please check", None),
        ("können Sie mir bitte sagen wann das Paket kommt", "other-language"),
        ("mail me op p.jansen@ziggo.nl", "personal-data"),
        ("mail me op naam@voorbeeld.nl", None),
        ("mijn nummer is 06 27 48 39 15", "personal-data"),
        ("mijn nummer is 06-12345678", None),
        ("stort het op NL39 RABO 0300 0652 64", "personal-data"),
        ("stort het op NL91ABNA0417164300", None),
        ("mijn bestelnummer is 204417", None),
    ],
)
def test_text(text: str, check: str | None) -> None:
    found = [finding.check for finding in check_texts([example(text)], read_chars=READ_CHARS)]
    assert found == ([check] if check else [])


def test_what_the_encoder_does_not_read_is_a_warning() -> None:
    (hint,) = check_texts([example("a" * (READ_CHARS - 1))], read_chars=READ_CHARS)
    (warning,) = check_texts([example("a" * (READ_CHARS + 1))], read_chars=READ_CHARS)
    assert (hint.severity, warning.severity) == (Severity.HINT, Severity.WARNING)


def test_out_of_scope_may_be_in_another_language() -> None:
    text = "can you please tell me when you are open"
    assert not list(check_texts([example(text, "nlu_fallback")], read_chars=READ_CHARS))


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ("is de winkel in [Utrecht](place) open", False),
        ('is de winkel in [Utrecht]{"entity": "place"} open', False),
        ("is de winkel in [Utrecht] (place) open", False),
        ("is de winkel in [Utrecht](place open", True),
        ("is de winkel in [](place) open", True),
        ("is de winkel in Utrecht](place) open", True),
        ("is de winkel in [Utrecht]{entity: place} open", True),
        ("is de winkel in [Utrecht ](place) open", True),
        ("is de winkel in [Utrecht](plaats) open", True),
    ],
)
def test_annotation(tmp_path: Path, written: str, wrong: bool) -> None:
    file = tmp_path / "nlu.yml"
    file.write_text(yaml.safe_dump({"nlu": [{"intent": "a", "examples": f"- {written}\n"}]}))
    findings = list(check_annotations(read_source(file), frozenset({"place"})))
    assert bool(findings) == wrong
    assert all(finding.severity is Severity.ERROR for finding in findings)


# The same text, and how many.


@pytest.mark.parametrize(
    ("one", "other", "severity"),
    [
        (("Ben je open?", "a"), ("ben je  open", "b"), Severity.ERROR),
        (("ja zeker", "a"), ("jazeker", "b"), Severity.ERROR),
        (("👍", "a"), ("👍", "b"), Severity.ERROR),
        (("Ben je open?", "a"), ("ben je open!!", "a"), Severity.WARNING),
        (("ja zeker", "a"), ("jazeker", "a"), None),
        (("👍", "a"), ("👎", "b"), None),
        (("Ben je open?", "a"), ("ben je dicht?", "b"), None),
    ],
)
def test_same_text(one: tuple[str, str], other: tuple[str, str], severity: Severity | None) -> None:
    findings = list(check_same_text(examples(one, other)))
    assert [finding.severity for finding in findings] == ([severity] if severity else [])
    assert all([found.line for found in finding.examples] == [1, 2] for finding in findings)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({"a": 7, "b": 20, "c": 20}, {("too-few", "a", "error")}),
        ({"a": 8, "b": 20, "c": 20}, {("too-few", "a", "warning")}),
        ({"a": 20, "b": 20, "c": 20}, set()),
        ({"a": 61, "b": 20, "c": 20}, {("uneven", "a", "warning")}),
        ({"nlu_fallback": 61, "b": 20, "c": 20}, set()),
        ({"a": 20, "b": 61, "c": 61}, {("uneven", "a", "warning")}),
    ],
)
def test_number_of_examples(sizes: dict[str, int], expected: set[tuple[str, str, str]]) -> None:
    given = [example(f"{intent} {number}", intent) for intent, size in sizes.items() for number in range(size)]
    assert {(found.check, found.intents[0], found.severity.value) for found in check_balance(given)} == expected


def test_says_how_many_more() -> None:
    (finding,) = [found for found in check_balance(examples(("hoi", "a"))) if found.check == "too-few"]
    assert "at least 7 more" in finding.advice


# The project around it.

DOMAIN = {
    "intents": ["faq_contact", {"klacht": {"use_entities": []}}, "nlu_fallback"],
    "responses": {"utter_faq_contact": [{"text": "Bel ons."}], "utter_wachten": [{"text": "Even geduld."}]},
}
STORIES = {"rules": [{"rule": "klacht", "steps": [{"intent": "klacht"}, {"action": "action_hand_over"}]}]}


@pytest.mark.parametrize(
    ("intents", "expected"),
    [
        ({"faq_contact", "klacht"}, set()),
        ({"faq_contact", "klacht", "nlu_fallback"}, set()),
        ({"faq_contact"}, {("no-examples", "klacht")}),
        ({"faq_contact", "klacht", "groet"}, {("not-in-domain", "groet"), ("no-answer", "groet")}),
    ],
)
def test_answers(tmp_path: Path, intents: set[str], expected: set[tuple[str, str]]) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (tmp_path / "domain.yml").write_text(yaml.safe_dump(DOMAIN))
    (data / "stories.yml").write_text(yaml.safe_dump(STORIES))
    project = read_project(data / "nlu.yml")
    assert project is not None
    assert {(finding.check, finding.intents[0]) for finding in check_answers(project, intents)} == expected


def test_without_a_domain_there_is_nothing_to_compare(tmp_path: Path) -> None:
    assert read_project(tmp_path / "data" / "nlu.yml") is None


# What the pipeline says.


def test_clean_examples_have_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run(write(tmp_path, SMALL))
    assert (code, found["n_errors"], found["n_examples"]) == (0, 0, 32)
    assert {finding["check"] for finding in found["findings"]} <= {"too-few", "doubtful-label", "close-intents"}
    assert "0 errors" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "found"),
    [("kosten van het terugsturen", True), ("kosten van een kamerjas", False)],
)
def test_near_duplicate_in_two_intents(tmp_path: Path, text: str, found: bool) -> None:
    _, findings = run(write(tmp_path, with_examples("faq_wachtwoord", text)))
    pairs = [set(finding["texts"]) for finding in of_check(findings, "near-duplicate")]
    assert ({"kosten van terugsturen", text} in pairs) == found


@pytest.mark.parametrize(
    ("pieces", "vectors", "intents", "severity"),
    [
        (0.95, 0.95, "ab", Severity.ERROR),
        (0.95, 0.75, "ab", Severity.WARNING),
        (0.95, 0.65, "ab", None),
        (0.55, 0.95, "ab", None),
        (0.95, 0.95, "aa", None),
    ],
)
def test_near_duplicates_are_alike_in_both_ways(
    pieces: float, vectors: float, intents: str, severity: Severity | None
) -> None:
    likeness = Likeness(np.full((2, 2), pieces), np.full((2, 2), vectors))
    findings = list(check_near_duplicates(examples(("ja", intents[0]), ("ja hoor", intents[1])), likeness))
    assert [finding.severity for finding in findings] == ([severity] if severity else [])


def test_intent_that_repeats_itself(tmp_path: Path) -> None:
    ends = ["", " eigenlijk", " nou", " dan", " precies", " bij jullie", " mij", " nu"]
    repeats = [f"wat kost het verzenden{end}" for end in ends]
    code, found = run(write(tmp_path, {**SMALL, "faq_verzendkosten": repeats}))
    assert [finding["intents"] for finding in of_check(found, "repeats")] == [["faq_verzendkosten"]]
    assert code == 0


def test_label_that_cross_validation_contradicts(tmp_path: Path) -> None:
    wrong = "tot hoe laat is de winkel zondag open"
    file = write(tmp_path, with_examples("faq_wachtwoord", wrong))
    _, found = run(file, "--doubt", "0.4")
    doubtful = {finding["texts"][0]: finding for finding in of_check(found, "doubtful-label")}
    assert doubtful[wrong]["intents"] == ["faq_wachtwoord", "faq_openingstijden"]
    assert doubtful[wrong]["lines"] == [25]
    assert "ik ben mijn wachtwoord vergeten" not in doubtful
    weights = [finding["weight"] for finding in of_check(found, "doubtful-label")]
    assert weights == sorted(weights, reverse=True)


@pytest.mark.parametrize(
    ("there", "back", "close"),
    [(2, 2, True), (4, 1, False), (0, 5, False), (0, 0, False)],
)
def test_intents_that_are_taken_for_each_other(there: int, back: int, close: bool) -> None:
    given = [example(f"{intent} {number}", intent) for intent in "ab" for number in range(40)]
    guesses = ["b"] * there + ["a"] * (40 - there) + ["a"] * back + ["b"] * (40 - back)
    seen = Seen(words=[], vectors=np.zeros((80, 1)), guesses=guesses, confidences=np.linspace(1, 0.5, 80))
    findings = list(check_confusions(given, seen))
    assert [(finding.intents, len(finding.examples)) for finding in findings] == ([(("a", "b"), 4)] if close else [])


# The file itself, and what was accepted.


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "nlu.yml"
    file.write_text(
        'version: "3.1"\n'
        "nlu:\n"
        "# a remark\n"
        "- intent: a\n"
        "  examples: |\n"
        "    - hoi [Anna](person)\n"
        "\n"
        "    vergeten streepje\n"
        "    - \n"
        "- synonym: b\n"
        "  examples: |\n"
        "    - geen voorbeeld\n"
        "- intent: c\n"
        "  examples:\n"
        "  - text: |\n"
        "      - dag\n"
        "    metadata: {}\n"
    )
    found = [(each.line, each.intent, each.text, each.written) for each in read_source(file)]
    assert found == [
        (6, "a", "hoi Anna", "hoi [Anna](person)"),
        (8, "a", "", "vergeten streepje"),
        (9, "a", "", ""),
        (16, "c", "dag", "dag"),
    ]
    findings = list(check_texts(read_source(file), read_chars=READ_CHARS))
    assert [(finding.check, finding.examples[0].line) for finding in findings] == [("empty", 8), ("empty", 9)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("nlu.yml", None),
        ("nlu.yml", "nlu: ["),
        ("nlu.yml", "stories: []"),
        ("nlu.yml", "nlu: []"),
        ("nlu.yml", b"\xff\xfe"),
        ("examples.jsonl", '{"text": "hoi"}'),
        ("examples.jsonl", ""),
    ],
)
def test_unreadable_file_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: str | bytes | None
) -> None:
    file = tmp_path / name
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert main([str(file)]) == 2
    assert name in capsys.readouterr().err


SAME = {"check": "same-text", "texts": ["ben je open", "Ben je open?"], "reason": "both are meant"}


@pytest.mark.parametrize(
    ("entry", "n_accepted", "n_stale", "code"),
    [
        (SAME, 1, 0, 0),
        ({**SAME, "check": "near-duplicate"}, 0, 1, 1),
        ({**SAME, "texts": ["ben je open"]}, 0, 1, 1),
        ({"check": "too-few", "intents": ["a"], "reason": "rare"}, 1, 0, 1),
    ],
)
def test_accepted_finding(tmp_path: Path, entry: dict[str, Any], n_accepted: int, n_stale: int, code: int) -> None:
    file = write(
        tmp_path, {"a": ["Ben je open?", *SMALL["faq_wachtwoord"]], "b": ["ben je open", *SMALL["nlu_fallback"]]}
    )
    (tmp_path / "lint-accepted.yml").write_text(yaml.safe_dump([entry]))
    exit_code, found = run(file)
    assert (exit_code, found["n_accepted"], len(of_check(found, "stale-acceptance"))) == (code, n_accepted, n_stale)


@pytest.mark.parametrize(
    "entry",
    [
        {**SAME, "reason": " "},
        {**SAME, "texts": []},
        {**SAME, "texts": [True]},
        {**SAME, "intents": ["a"]},
        {**SAME, "extra": 1},
        "same-text",
    ],
)
def test_acceptance_that_says_too_little_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], entry: Any
) -> None:
    file = write(tmp_path, SMALL)
    (tmp_path / "lint-accepted.yml").write_text(yaml.safe_dump([SAME, entry]))
    assert main([str(file)]) == 2
    assert "entry 2" in capsys.readouterr().err


def test_what_hides_in_a_text_is_shown_and_does_not_act(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(write(tmp_path, with_examples("faq_wachtwoord", "inlog \x1b[31mstuk")))]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out and "inlog \\x1b[31mstuk" in out


@pytest.mark.train
def test_own_examples_have_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(OWN_EXAMPLES), "--errors-only"]) == 0, capsys.readouterr().out


@pytest.mark.train
@pytest.mark.parametrize("in_two_intents", [True, False])
def test_errors_are_found_without_the_training_that_finds_doubts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], in_two_intents: bool
) -> None:
    lines = [
        {"text": f"vraag {number} over {word}", "intent": word} for word in ("kaas", "fiets") for number in range(8)
    ]
    lines.append({"text": "vraag 1 over kaas" if in_two_intents else "iets anders", "intent": "fiets"})
    lines.append({"text": "hoeveel kost het om een grote bestelling terug te sturen", "intent": "fiets"})
    if in_two_intents:
        lines.append({"text": "hoeveel kost het om de grote bestelling terug te sturen", "intent": "kaas"})
    file = tmp_path / "examples.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert main([str(file), "--errors-only"]) == int(in_two_intents)
    printed = capsys.readouterr().out
    assert ("same-text" in printed) == ("near-duplicate" in printed) == in_two_intents
    assert "too-few" not in printed and "doubtful-label" not in printed
    _, with_doubts = run(file)
    assert with_doubts["n_errors"] == 2 * in_two_intents
