"""From what is made of a message and of its parts to what to do: the rules of `Decision`, without Rasa."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from bot.nlu.metrics import OUT_OF_SCOPE
from bot.nlu.parts import Split, asks

ANSWER, ASK, HUMAN = "answer", "ask", "human"
# From which confidence (0 to 1) a part is certain: more is asked of it than of a whole message, for it lacks context.
SURE_PART = 0.9
# How far down the ranking of the whole message a part's intent may stand. Of two questions in a message both are
# nearly always among the first three; of a remark in passing seldom.
NEAR_THE_TOP = 3
# A follow-up that means this much on its own is not just read behind the question before it.
MEANS_SOMETHING = 0.6
MAY_MEAN_NOTHING_HERE = 0.2  # of being out of scope


@dataclass(frozen=True)
class Judgement:
    """What the classifier makes of one text."""

    ranking: tuple[tuple[str, float], ...] = ()  # (intent, confidence), most likely first
    outcome: str = HUMAN

    @property
    def intents(self) -> tuple[str, ...]:
        return tuple(intent for intent, _ in self.ranking)

    @property
    def intent(self) -> str:
        return self.ranking[0][0] if self.ranking else ""

    @property
    def confidence(self) -> float:
        return self.ranking[0][1] if self.ranking else 0.0

    @property
    def is_sure(self) -> bool:
        return self.outcome == ANSWER and self.confidence >= SURE_PART

    def confidence_of(self, intent: str) -> float:
        return dict(self.ranking).get(intent, 0.0)


@dataclass(frozen=True)
class Conclusion:
    """`intents`: to answer, in this order; or to offer, when asking."""

    outcome: str
    intents: tuple[str, ...]


def conclude(
    whole: Judgement,
    split: Split,
    parts: Mapping[str, Judgement],
    is_question: Callable[[str], bool],
    come_first: Iterable[str] = (),
) -> Conclusion:
    """Decide about a message.

    parts: the judgements of `split`'s texts; what is missing there is not looked at.
    is_question: whether an intent is one that a template answers.
    come_first: intents that count when any sentence has them, such as a complaint.
    """
    rules = _Rules(whole, split, parts, is_question)
    return (
        rules.what_comes_first(frozenset(come_first))
        or rules.follow_up()
        or rules.correction()
        or rules.several_questions()
        or rules.question_in_a_story()
        or rules.question_out_of_scope()
        or Conclusion(whole.outcome, (whole.intent,))
    )


@dataclass(frozen=True)
class _Rules:
    """Each gives a conclusion, or None if it does not apply."""

    whole: Judgement
    split: Split
    parts: Mapping[str, Judgement]
    is_question: Callable[[str], bool]

    def what_comes_first(self, intents: frozenset[str]) -> Conclusion | None:
        for sentence in self.split.sentences:
            part = self._part(sentence)
            if part.is_sure and part.intent in intents:
                return Conclusion(ANSWER, (part.intent,))
        return None

    def follow_up(self) -> Conclusion | None:
        """ "En in Utrecht?" is read behind the question before it; what may mean something else, too, is asked."""
        together, alone = self._part(self.split.with_previous), self.whole
        if not self.is_question(together.intent) or alone.confidence_of(OUT_OF_SCOPE) >= MEANS_SOMETHING:
            return None
        if alone.intent == together.intent:
            return Conclusion(ANSWER, (alone.intent,)) if together.is_sure else None
        if self.is_question(alone.intent) and alone.confidence >= MEANS_SOMETHING:
            return Conclusion(ASK, (together.intent, alone.intent))
        if alone.outcome == ANSWER or not together.is_sure:  # "bedankt", "nee", or nothing that is clear
            return None
        unsure = alone.confidence_of(OUT_OF_SCOPE) >= MAY_MEAN_NOTHING_HERE
        return Conclusion(ASK if unsure else ANSWER, (together.intent,))

    def correction(self) -> Conclusion | None:
        """Of "niet X, maar Y" the whole may look like X; if Y alone says otherwise, ask."""
        if self.whole.outcome != ANSWER:
            return None
        meant = [part.intent for text in self.split.corrections if (part := self._part(text)).is_sure]
        other = [intent for intent in meant if intent != self.whole.intent and self.is_question(intent)]
        return Conclusion(ASK, (other[0], self.whole.intent)) if other and self.whole.intent not in meant else None

    def several_questions(self) -> Conclusion | None:
        """Answer both of two questions that are certain each."""
        if self.split.corrections:
            return None
        candidates = [self.split.sentences, self.split.story_questions, *self.split.pairs]
        for texts in candidates:
            sure = [part.intent for text in texts if self._counts(part := self._part(text))]
            if len(set(sure)) == 2:
                return Conclusion(ANSWER, tuple(sorted(set(sure), key=self.whole.intents.index)))
        return None

    def question_in_a_story(self) -> Conclusion | None:
        """An unclear message with one certain question in it is about that question, if it asks nothing else."""
        if self.whole.outcome == ANSWER:
            return None
        questions = self.split.story_questions or tuple(text for text in self.split.sentences if asks(text))
        judged = [self._part(text) for text in questions]
        intents = {part.intent for part in judged}
        certain = len(intents) == 1 and all(part.is_sure for part in judged)
        return Conclusion(ANSWER, tuple(intents)) if certain and self.is_question(*intents) else None

    def question_out_of_scope(self) -> Conclusion | None:
        """One question has an answer, another certainly not: a human answers both."""
        if self.whole.outcome != ANSWER or not self.is_question(self.whole.intent):
            return None
        questions = [text for text in (*self.split.sentences, *self.split.story_questions) if text.endswith("?")]
        for text in questions:
            part = self._part(text)
            if asks(text) and part.intent == OUT_OF_SCOPE and part.confidence >= SURE_PART:
                return Conclusion(HUMAN, (self.whole.intent,))
        return None

    def _counts(self, part: Judgement) -> bool:
        return part.is_sure and self.is_question(part.intent) and part.intent in self.whole.intents[:NEAR_THE_TOP]

    def _part(self, text: str) -> Judgement:
        return self.parts.get(text, Judgement())
