from __future__ import annotations

from bot.nlu.conclusions import ANSWER, ASK, HUMAN, Conclusion, Judgement, conclude
from bot.nlu.metrics import OUT_OF_SCOPE
from bot.nlu.parts import Split


def judged(best: str, confidence: float, *others: str, outcome: str | None = None) -> Judgement:
    rest = tuple((other, (1 - confidence) / max(len(others), 1)) for other in others)
    return Judgement(((best, confidence), *rest), outcome or (ANSWER if confidence >= 0.85 else ASK))


def concluded(whole: Judgement, split: Split, parts: dict[str, Judgement], *come_first: str) -> Conclusion:
    return conclude(whole, split, parts, lambda intent: intent.startswith("faq_"), come_first)


def test_without_parts_the_message_decides() -> None:
    for outcome in (ANSWER, ASK, HUMAN):
        whole = judged("faq_a", 0.5, outcome=outcome)
        assert concluded(whole, Split(), {}) == Conclusion(outcome, ("faq_a",))


def test_two_certain_questions_are_both_answered() -> None:
    parts = {"a?": judged("faq_a", 0.99), "b?": judged("faq_b", 0.95)}
    whole = judged("faq_b", 0.6, "faq_a", "faq_c")
    expected = Conclusion(ANSWER, ("faq_b", "faq_a"))
    assert concluded(whole, Split(sentences=("a?", "b?")), parts) == expected
    assert concluded(whole, Split(pairs=(("a?", "b?"),)), parts) == expected
    assert concluded(whole, Split(story_questions=("a?", "b?")), parts) == expected


def test_a_remark_in_passing_is_not_answered() -> None:
    """What the whole message is not about, whatever one sentence seems to say."""
    parts = {"a?": judged("faq_a", 0.99), "b": judged("faq_b", 0.95)}
    whole = judged("faq_a", 0.9, "faq_c", "faq_d", "faq_b")
    assert concluded(whole, Split(sentences=("a?", "b")), parts) == Conclusion(ANSWER, ("faq_a",))


def test_an_unsure_second_question_is_not_answered() -> None:
    parts = {"a?": judged("faq_a", 0.99), "b?": judged("faq_b", 0.6)}
    whole = judged("faq_a", 0.6, "faq_b")
    assert concluded(whole, Split(pairs=(("a?", "b?"),)), parts) == Conclusion(ASK, ("faq_a",))


def test_second_question_that_nothing_answers_goes_to_a_human() -> None:
    second = "verkopen jullie ook konijnenvoer?"
    parts = {"hoe laat open?": judged("faq_a", 0.99), second: judged(OUT_OF_SCOPE, 0.95, outcome=HUMAN)}
    split = Split(sentences=("hoe laat open?", second))
    assert concluded(judged("faq_a", 0.95, OUT_OF_SCOPE), split, parts).outcome == HUMAN


def test_story_with_one_certain_question_is_answered() -> None:
    split = Split(story_questions=("waar is het?",))
    whole = judged("faq_b", 0.4, "faq_a")
    sure, unsure = judged("faq_a", 0.97), judged("faq_a", 0.7)
    assert concluded(whole, split, {"waar is het?": sure}) == Conclusion(ANSWER, ("faq_a",))
    assert concluded(whole, split, {"waar is het?": unsure}) == Conclusion(ASK, ("faq_b",))


def test_correction_that_points_elsewhere_asks() -> None:
    split = Split(corrections=("het adres wijzigen",))
    whole = judged("faq_annuleren", 0.9, "faq_adres")
    assert concluded(whole, split, {"het adres wijzigen": judged("faq_adres", 0.98)}) == Conclusion(
        ASK, ("faq_adres", "faq_annuleren")
    )
    assert concluded(whole, split, {"het adres wijzigen": judged("faq_annuleren", 0.98)}).outcome == ANSWER


def test_complaint_in_any_sentence_comes_first() -> None:
    parts = {"a?": judged("faq_a", 0.99), "b": judged("klacht", 0.95)}
    whole = judged("faq_a", 0.95, "klacht")
    split = Split(sentences=("a?", "b"))
    assert concluded(whole, split, parts, "klacht") == Conclusion(ANSWER, ("klacht",))
    assert concluded(whole, split, parts) == Conclusion(ANSWER, ("faq_a",))


def test_follow_up_means_what_was_asked_before() -> None:
    split = Split(with_previous="open in zwolle en in utrecht?")
    together = {"open in zwolle en in utrecht?": judged("faq_open", 0.99)}
    nothing = judged("faq_voorraad", 0.38, "faq_winkel")
    assert concluded(nothing, split, together) == Conclusion(ANSWER, ("faq_open",))
    other = judged("faq_kosten", 0.95, "faq_open")
    assert concluded(other, split, together) == Conclusion(ASK, ("faq_open", "faq_kosten"))
    same = judged("faq_open", 0.5, "faq_winkel")
    assert concluded(same, split, together) == Conclusion(ANSWER, ("faq_open",))
    strange = Judgement((("wat_kun_je", 0.5), (OUT_OF_SCOPE, 0.3)), ASK)
    assert concluded(strange, split, together) == Conclusion(ASK, ("faq_open",))
    stranger = Judgement(((OUT_OF_SCOPE, 0.8), ("faq_open", 0.1)), HUMAN)
    assert concluded(stranger, split, together).outcome == HUMAN
    thanks = judged("bedankt", 0.95, "faq_open")
    assert concluded(thanks, split, together) == Conclusion(ANSWER, ("bedankt",))
