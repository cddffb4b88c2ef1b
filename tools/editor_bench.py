"""`make editor-bench`: how long editors wait for their pages, with 1,000 answers and 20,000 examples beside a few.

Two installations of their own, a small and a large one, each a real web server on the same real Redis. What an editor
does is done in the small and in the large one by turns, so that a busy machine slows both. The table has medians in ms
as a browser waits for them, and how many times longer the large one took.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

import httpx

from bot.model import Message, Template
from bot.redis_server import OwnRedis
from bot.store import Store
from bot.store.missed import Group, Grouping, Missed, Verdict
from bot.store.topics import Example, TestMessage, Topic
from bot.store.work import now_ms
from tests.conftest import running_site
from tools.bench.messages import texts

REPEATS = 21
EXAMPLES_EACH = 20
DAY_MS = 86_400_000
# Of those, an answer is sent in three of ten.
DAYS_OF_FIGURES = 90
AT_ONCE = 100
GROUP_SIZE = 20
# Of the messages that examples and answers are made of, those of a usual length.
MAX_SAID_CHARS = 120
# What the pages are held to, in ms.
LIST_MS, SAVE_MS = 300, 200
ANSWER, TOPIC = "/editor/utter_faq_bench_7", "/topics/faq_bench_7"


@dataclass(frozen=True)
class Size:
    """How much an installation has; every topic has EXAMPLES_EACH examples and an answer."""

    answers: int
    missed: int


SMALL, LARGE = Size(50, 250), Size(1_000, 5_000)


@dataclass(frozen=True)
class Deed:
    """What an editor does, and the ms that it may take. Returns how long it took in ms."""

    name: str
    limit_ms: int
    do: Callable[[httpx.Client], float]


async def fill(store: Store, size: Size) -> None:
    dice, said = random.Random(7), [one for one in texts() if len(one) <= MAX_SAID_CHARS and "\n" not in one]
    names = [f"faq_bench_{number}" for number in range(size.answers)]
    for at in range(0, size.answers, AT_ONCE):
        some = names[at : at + AT_ONCE]
        answers = [
            Template(f"utter_{name}", f"Vraag {name[10:]}", _text(dice, said), edited_by="noor") for name in some
        ]
        await asyncio.gather(*(store.templates.save(one, expected_version=0) for one in answers))
        await store.topics.save_all([_topic(name, dice, said) for name in some])
    await _fill_figures(store, names, dice)
    await _fill_inbox(store, size.missed, dice, said)
    await store.answer_figures.begin()


def _text(dice: random.Random, said: Sequence[str]) -> str:
    return " ".join(dice.choice(said).capitalize() for _ in range(6)) + " Café?"


def _topic(name: str, dice: random.Random, said: Sequence[str]) -> Topic:
    """Examples are of one topic alone."""
    number = name[10:]
    examples = tuple(
        Example(f"{dice.choice(said)} {number} {place}", "noor", now_ms()) for place in range(EXAMPLES_EACH)
    )
    return Topic(name, f"Vraag {number}", examples=examples, tests=(TestMessage(f"toets {number}", must_answer=True),))


async def _fill_figures(store: Store, names: Sequence[str], dice: random.Random) -> None:
    today = now_ms() // DAY_MS
    for days_ago in range(DAYS_OF_FIGURES):
        used = {f"sent utter_{name}": dice.randrange(1, 50) for name in names if dice.random() < 0.3}
        used |= {f"{dice.choice(('yes', 'no'))} {one[5:]}": dice.randrange(1, 5) for one in used}
        await store._client.hset(store._keys.answers_used_on(today - days_ago), mapping=used)
    last = {f"utter_{name}": now_ms() - dice.randrange(200) * DAY_MS for name in names}
    await store._client.hset(store._keys.answers_used, mapping=last)


async def _fill_inbox(store: Store, count: int, dice: random.Random, said: Sequence[str]) -> None:
    verdict = Verdict("model", "human", "faq_bench_1", 0.4, 0.6)
    missed = [
        Missed(f"rest-klant{number}", f"m{number}", dice.choice(said), "rest", now_ms() - number, ("unsure",), verdict)
        for number in range(count)
    ]
    for at in range(0, count, AT_ONCE):
        await asyncio.gather(*(_note(store, one) for one in missed[at : at + AT_ONCE]))
    places = [one.place for one in missed]
    groups = [
        Group(places[at], tuple(places[at : at + GROUP_SIZE]), ("woord",), "faq_bench_1", 0.5)
        for at in range(0, count, GROUP_SIZE)
    ]
    await store.missed.save_grouping(Grouping(tuple(groups), now_ms(), await store.missed.changes()))


async def _note(store: Store, missed: Missed) -> None:
    message = Message(missed.message_id, missed.conversation_id, "customer", missed.text, missed.at_ms)
    customer = missed.conversation_id.removeprefix("rest-")
    await store.conversations.receive(message, channel="rest", customer_id=customer, answerable=False)
    await store.missed.note(missed)


@dataclass
class _Form(HTMLParser):
    """The fields of the form that posts to `action`, as a browser would send them without a button."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()
        self._is_inside = False
        self._in_area = self._in_select = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attributes}
        if tag == "form":
            self._is_inside = known.get("action", self.action) == self.action and known.get("method") == "post"
        if not self._is_inside:
            return
        name = known.get("name", "")
        if tag == "textarea":
            self._in_area, self.fields[name] = name, ""
        elif tag == "select":
            self._in_select = name
        elif tag == "option" and ("selected" in known or self._in_select not in self.fields):
            self.fields[self._in_select] = known.get("value", "")
        elif tag == "input" and name and self._is_sent(known):
            self.fields[name] = known.get("value", "")

    @staticmethod
    def _is_sent(known: dict[str, str]) -> bool:
        return known.get("type") not in ("checkbox", "radio", "submit") or "checked" in known

    def handle_data(self, data: str) -> None:
        if self._in_area:
            self.fields[self._in_area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.fields[self._in_area] = self.fields[self._in_area].removeprefix("\n")
            self._in_area = ""
        elif tag == "form":
            self._is_inside = False


def _look(path: str) -> Callable[[httpx.Client], float]:
    def do(client: httpx.Client) -> float:
        began = time.perf_counter()
        answer = client.get(path)
        took_ms = (time.perf_counter() - began) * 1000
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return took_ms

    return do


def _save(path: str, field_name: str, **pressed: str) -> Callable[[httpx.Client], float]:
    """Fill something new in, and save; what the page then shows is a page like any other."""

    def do(client: httpx.Client) -> float:
        form = _Form(path)
        form.feed(client.get(path).text)
        changed = {**form.fields, field_name: f"{form.fields[field_name][:200]}\n{time.time_ns()}", **pressed}
        began = time.perf_counter()
        answer = client.post(path, data=changed)
        took_ms = (time.perf_counter() - began) * 1000
        assert answer.status_code == 303, f"{path}: {answer.status_code}"
        return took_ms

    return do


DEEDS = (
    Deed("list of answers", LIST_MS, _look("/editor")),
    Deed("list of answers, least helpful first", LIST_MS, _look("/editor?filter=unhelpful&sort=helped")),
    Deed("list of answers, while typing", LIST_MS, _look("/editor?q=cafe+vraag")),
    Deed("list of answers as a file", LIST_MS, _look("/editor.csv")),
    Deed("page of an answer", LIST_MS, _look(ANSWER)),
    Deed("answer published", SAVE_MS, _save(ANSWER, "text", do="publish")),
    Deed("answer kept as a draft", SAVE_MS, _save(ANSWER, "text", do="draft")),
    Deed("list of topics", LIST_MS, _look("/topics")),
    Deed("list of topics, while searching", LIST_MS, _look("/topics?q=bestelling")),
    Deed("page of a topic", LIST_MS, _look(TOPIC)),
    Deed("topic saved with an example more", SAVE_MS, _save(TOPIC, "added")),
    Deed("learning inbox", LIST_MS, _look("/learning")),
)


def measure(deeds: Iterable[Deed], small: httpx.Client, large: httpx.Client, repeats: int) -> None:
    """Print a row for each."""
    print(f"| what an editor does | {SMALL.answers} answers | {LARGE.answers} answers | ratio | p95 | allowed |")
    print("|---|---|---|---|---|---|")
    for deed in deeds:
        first = deed.do(large)  # what a process reads once
        pairs = [(deed.do(small), deed.do(large)) for _ in range(repeats)]
        few, many = (statistics.median(one) for one in zip(*pairs, strict=True))
        p95 = statistics.quantiles([one for _, one in pairs], n=20)[-1]
        over = " **over**" if many > deed.limit_ms else ""
        print(
            f"| {deed.name} | {few:.0f} | {many:.0f} (first {first:.0f}) | {many / few:.1f} | {p95:.0f} "
            f"| {deed.limit_ms}{over} |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--only", default="", help="deeds with this in their name")
    options = parser.parse_args()
    deeds = [deed for deed in DEEDS if options.only in deed.name]
    with tempfile.TemporaryDirectory() as folder, OwnRedis(Path(folder) / "redis") as redis, ExitStack() as running:
        small = _open(running, redis.url, Path(folder) / "small", SMALL)
        large = _open(running, redis.url, Path(folder) / "large", LARGE)
        measure(deeds, small, large, options.repeats)


def _open(running: ExitStack, redis_url: str, var: Path, size: Size) -> httpx.Client:
    """An installation of that size, with an editor signed in."""
    var.mkdir()
    site = running.enter_context(running_site(redis_url, var))
    site.run(partial(fill, size=size))
    cookies = {"bot_session": site.session("noor", "editor", name="Noor Bakker")}
    return running.enter_context(httpx.Client(base_url=site.url, cookies=cookies, timeout=60))


if __name__ == "__main__":
    main()
