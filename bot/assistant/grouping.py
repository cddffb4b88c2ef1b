"""Groups of messages in the learning inbox that ask the same: `python -m bot.assistant.grouping` makes them once.

Two messages are alike as their sentence vectors are and as the model's rankings are; MODEL_SHARE says how much each
counts. Vectors are first stretched where the examples of one topic differ least from each other: how it is said (long,
short, polite) counts less than what is asked. On the evaluation's messages, each topic with seven, average linkage:

                                   topics that have examples      topics that have none
                                   in a group   purity            in a group   purity
    vectors alone, 0.60                  30 %     0.59                  25 %     0.74
    stretched vectors, 0.75              51 %     0.65                  42 %     0.77
    stretched, model 0.5, 0.50           67 %     0.96                  45 %     0.64
    stretched, model 0.3, 0.65           66 %     0.94                  51 %     0.67

purity: of the messages in groups, the share that asks what most of its group ask. A logistic regression stood for the
model, so that it could be made without the topics that have none. With the project's own model 74 % are in groups, with
a purity of 0.99 (0.47 and 0.63 by stretched vectors alone). The messages of the evaluation are as different as people
could make them; in an inbox many say nearly the same.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import structlog
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from bot import logs
from bot.errors import EXIT_CONFIG, BotError, ConfigError
from bot.nlu.encoders import E5, Encoder, load_encoder
from bot.redis_server import redis_url
from bot.settings import Settings
from bot.store import Store
from bot.store.missed import Group, Grouping, Missed
from bot.store.topics import OUT_OF_SCOPE, Topic
from bot.store.work import now_ms

log = structlog.get_logger()

MODEL_SHARE, FARTHEST = 0.3, 0.65
# Of each topic so many examples say how its messages differ; more take longer and change nothing.
EXAMPLES_OF_TOPIC = 30
SHRINKAGE = 0.2
MAX_CHARS = 500
# Each message is compared with each: of more, the latest, the others join the group that is nearest.
MOST_COMPARED = 3_000
# A word that so large a share of a group has, and fewer others, says what it is about.
WORDS, IN_GROUP = 3, 0.4
_WORD = re.compile(r"[^\W\d_]{3,}")
_EMPTY_WORDS = frozenset(
    "aan als ben bij dan dat deze die dit doe doet door een eens emm er even geen gewoon graag had hallo heb hebben "
    "hebt heeft het hier hoe hoi iets iemand ik is jij jou jouw jullie kan kun kunnen kunt maar mag meer met mij mijn "
    "moet naar net niet nog nou nu of om ook onze op over per toch tot uit uw van veel voor waar wanneer was wat weet "
    "wel welke wie wil wilt worden wordt zal zijn zo zou".split()
)


async def group_missed(store: Store, encoder: Encoder, *, folder: Path) -> int:
    """Group all that is open; returns how many groups. Raises StoreUnavailable.

    folder: where vectors are kept; those of messages that are open no more go.
    """
    changes = await store.missed.changes()
    open_ones, topics = await store.missed.open(), await store.topics.all()
    vectors = KnownVectors(folder / "vectors.npz", encoder)
    groups = await asyncio.to_thread(_groups, open_ones, topics, vectors)
    await store.missed.save_grouping(Grouping(tuple(groups), now_ms(), changes))
    log.info("missed.grouped", messages=len(open_ones), groups=len(groups))
    return len(groups)


class KnownVectors:
    """Vectors by text, kept on disk, so that a message is encoded once; of what is not asked for nothing stays."""

    def __init__(self, path: Path, encoder: Encoder) -> None:
        self._path = path
        self._encoder = encoder

    def of(self, texts: Sequence[str]) -> np.ndarray:
        """Shape (n_texts, dimension)."""
        names = [hashlib.sha256(f"{self._encoder.name} {text}".encode()).hexdigest()[:24] for text in texts]
        known = self._load()
        if missing := {name: text for name, text in zip(names, texts, strict=True) if name not in known}:
            # As SentenceVectors does it.
            lowered = [text[:MAX_CHARS].lower() for text in missing.values()]
            known |= dict(zip(missing, self._encoder.encode(lowered), strict=True))
        kept = dict.fromkeys(names)
        vectors = np.stack([known[name] for name in kept])
        self._save(list(kept), vectors)
        row = {name: at for at, name in enumerate(kept)}
        return vectors[[row[name] for name in names]]

    def _load(self) -> dict[str, np.ndarray]:
        try:
            with np.load(self._path) as file:
                return dict(zip(file["names"].tolist(), file["vectors"], strict=True))
        except (OSError, ValueError, KeyError):  # none yet, or one that was being written when the machine stopped
            return {}

    def _save(self, names: Sequence[str], vectors: np.ndarray) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = self._path.with_suffix(".new.npz")
        np.savez(new, names=np.array(names), vectors=vectors)
        new.replace(self._path)


def _groups(open_ones: Sequence[Missed], topics: Sequence[Topic], vectors: KnownVectors) -> list[Group]:
    """Largest first; of equals the one with the latest message."""
    if not open_ones:
        return []
    examples = [
        (topic.intent, one.text)
        for topic in topics
        if topic.is_question and not topic.is_retired
        for one in topic.examples[:: max(1, len(topic.examples) // EXAMPLES_OF_TOPIC)]
    ]
    texts = [one.text for one in open_ones]
    both = vectors.of([*texts, *(text for _, text in examples)])
    stretched = _stretched(both[: len(texts)], both[len(texts) :], [intent for intent, _ in examples])
    labels = cluster(stretched, [_ranking(one) for one in open_ones])
    members = defaultdict(list)
    for at, label in enumerate(labels):
        members[label].append(at)
    common = Counter(word for one in open_ones for word in _words(one.text))
    found = [_group([open_ones[at] for at in rows], stretched[rows], common) for rows in members.values()]
    latest = {one.place: one.at_ms for one in open_ones}
    return sorted(found, key=lambda one: (-len(one.places), -max(latest[place] for place in one.places)))


def _stretched(vectors: np.ndarray, examples: np.ndarray, intents: Sequence[str]) -> np.ndarray:
    """Unit vectors, in which the ways that examples of one topic differ from each other count less."""
    if len(set(intents)) < 2:
        return _unit(vectors - vectors.mean(axis=0)) if len(vectors) > 1 else vectors
    of_intent = np.array(intents)
    own = [examples[of_intent == intent] for intent in dict.fromkeys(intents)]
    apart = np.vstack([some - some.mean(axis=0) for some in own])
    spread = apart.T @ apart / len(apart)
    size = len(spread)
    spread = (1 - SHRINKAGE) * spread + (SHRINKAGE * np.trace(spread) / size + 1e-9) * np.eye(size)
    values, directions = np.linalg.eigh(spread)
    return _unit((vectors - examples.mean(axis=0)) @ directions @ np.diag(values**-0.5) @ directions.T)


def cluster(vectors: np.ndarray, rankings: Sequence[dict[str, float]]) -> list[int]:
    """A label for each message. vectors: of unit length, shape (n_messages, dimension). rankings: intent -> 0 to 1."""
    if len(vectors) == 1:
        return [0]
    likely = _likely(rankings)
    compared = min(len(vectors), MOST_COMPARED)
    head = slice(0, compared)
    distance = np.clip(1 - _likeness(vectors[head], likely[head], vectors[head], likely[head]), 0, None)
    np.fill_diagonal(distance, 0)
    labels: list[int] = fcluster(linkage(squareform(distance, checks=False), "average"), FARTHEST, "distance").tolist()
    if compared < len(vectors):
        likeness = _likeness(vectors[compared:], likely[compared:], vectors[head], likely[head])
        nearest = likeness.argmax(axis=1)
        for row, at in enumerate(nearest):
            is_near = 1 - likeness[row, at] <= FARTHEST
            labels.append(labels[at] if is_near else max(labels) + 1)
    return labels


def _likeness(vectors: np.ndarray, likely: np.ndarray, others: np.ndarray, others_likely: np.ndarray) -> np.ndarray:
    likeness: np.ndarray = (1 - MODEL_SHARE) * (vectors @ others.T) + MODEL_SHARE * (likely @ others_likely.T)
    return likeness


def _likely(rankings: Sequence[dict[str, float]]) -> np.ndarray:
    """The roots of the confidences: their product is 1 for equal rankings and 0 for those with nothing in common."""
    column = {name: at for at, name in enumerate(sorted({name for one in rankings for name in one}))}
    likely = np.zeros((len(rankings), max(1, len(column))), dtype=np.float32)
    for row, ranking in enumerate(rankings):
        for name, confidence in ranking.items():
            likely[row, column[name]] = confidence**0.5
    return likely


def _ranking(missed: Missed) -> dict[str, float]:
    verdict = missed.latest
    return {one.name: max(0.0, one.confidence) for one in verdict.ranking} if verdict else {}


def _group(members: Sequence[Missed], vectors: np.ndarray, common: Counter[str]) -> Group:
    by_likeness = np.argsort(-(vectors @ vectors.T).sum(axis=1), kind="stable")
    ordered = [members[at] for at in by_likeness]
    intent, likeness = _nearest(members)
    oldest = min(members, key=lambda one: (one.at_ms, one.place))
    return Group(oldest.place, tuple(one.place for one in ordered), _in_common(members, common), intent, likeness)


def _nearest(members: Sequence[Missed]) -> tuple[str, float]:
    """The topic that the model finds likeliest, over all of them."""
    total: Counter[str] = Counter()
    for one in members:
        total.update(_ranking(one))
    likely = [(name, sum_ / len(members)) for name, sum_ in total.most_common() if name != OUT_OF_SCOPE]
    return (likely[0][0], round(likely[0][1], 3)) if likely else ("", 0.0)


def _in_common(members: Sequence[Missed], common: Counter[str]) -> tuple[str, ...]:
    """Words of several members that other messages have less: no word of one customer alone."""
    counts = Counter(word for one in members for word in _words(one.text))
    needed = max(2, IN_GROUP * len(members))
    typical = [(count * count / common[word], word) for word, count in counts.items() if count >= needed]
    return tuple(word for _, word in sorted(typical, reverse=True)[:WORDS])


def _words(text: str) -> set[str]:
    return {word for word in _WORD.findall(text.casefold()) if word not in _EMPTY_WORDS}


def _unit(vectors: np.ndarray) -> np.ndarray:
    unit: np.ndarray = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return unit


async def _once(settings: Settings) -> None:
    store = await Store(redis_url(settings), settings).open()
    try:
        if await store.missed.has_news():
            await group_missed(store, load_encoder(E5, "", ""), folder=settings.var / "learning")
    finally:
        await store.close()


def main() -> int:
    """Group once, if there is anything new."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # customers' messages go first
    try:
        settings = Settings.load()
        logs.configure(settings.log_format)
        asyncio.run(_once(settings))
    except ConfigError as exc:
        print(f"vraagbaak: {exc}", file=sys.stderr)
        return EXIT_CONFIG
    except BotError as exc:
        print(f"vraagbaak: {exc}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
