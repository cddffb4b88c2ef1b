"""The bench's arithmetic, its messages, and what it reads of processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tools.bench import figures, report
from tools.bench.__main__ import QUICK, Sizes
from tools.bench.load import Load
from tools.bench.messages import ANSWERED, ASKED, HANDED_OVER, Deck, by_outcome, texts
from tools.bench.processes import cpu_s, family, resident_mb
from tools.bench.sides import ASSISTANT_PYTHON, FULL_EPOCHS, RECOMMENDED, ROOT, configuration, seconds_per_epoch

# Arithmetic.


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100), (0.001, 1)])
def test_percentile(share: float, expected: int) -> None:
    assert figures.percentile(list(range(100, 0, -1)), share) == expected


def test_percentile_of_one_value_is_that_value() -> None:
    assert figures.percentile([7.0], 0.99) == 7.0


def test_figures_of_a_block() -> None:
    load = Load(times_s=[0.010] * 98 + [0.100, 0.200], took_s=2.0)
    found = figures.of_block(load, {"web": 0.1, "assistant": 0.4})
    expected = {"median_ms": 10, "p95_ms": 10, "p99_ms": 100, "messages_per_s": 50, "cpu_ms_per_message": 5}
    expected |= {"cpu_ms_of_web": 1, "cpu_ms_of_assistant": 4}
    assert found == pytest.approx(expected)


def test_a_block_in_which_the_machine_was_busy_does_not_count() -> None:
    assert figures.over_blocks([{"p99_ms": 10.0}, {"p99_ms": 900.0}, {"p99_ms": 12.0}]) == {"p99_ms": 12.0}


def test_a_long_conversation_is_judged_by_its_first_and_last_messages() -> None:
    times_s = [0.004] * 9 + [0.9] + [0.5] * 180 + [0.008] * 10
    assert figures.of_long_conversation(times_s) == pytest.approx({"first_ms": 4, "last_ms": 8})


def test_ratios_are_ours_by_theirs_where_both_have_the_figure() -> None:
    ours, theirs = {"a": 1.0, "cpu_ms_of_web": 2.0, "b": 3.0}, {"a": 4.0, "b": 0.0}
    assert figures.ratios(ours, theirs) == {"a": 0.25}


# Messages.


def test_messages_are_those_nobody_trained_on_before_those_of_the_training() -> None:
    everything = texts()
    first = json.loads((ROOT / "tests/evaluation/test.jsonl").read_text(encoding="utf-8").splitlines()[0])["text"]
    assert everything[0] == first
    assert len(set(everything)) == len(everything) >= Sizes().rehearsed
    assert everything == texts()


def test_no_text_twice_within_a_measure_and_each_where_the_conversation_can_go_on() -> None:
    sizes = {ANSWERED: 80, ASKED: 10, HANDED_OVER: 10}
    deck = Deck({outcome: [f"{outcome} {number}" for number in range(size)] for outcome, size in sizes.items()})
    dealt = [*deck.deal(5), *deck.deal(5)]
    everything = [text for conversation in dealt for text in conversation]
    assert len(set(everything)) == len(everything) == 100
    expected = [*[ANSWERED] * 4, ASKED, *[ANSWERED] * 4, HANDED_OVER]
    assert all([text.rpartition(" ")[0] for text in conversation] == expected for conversation in dealt)
    with pytest.raises(ValueError, match="more than 80 messages that are answered"):
        deck.deal_answered(1)


def test_an_answered_message_takes_the_place_of_those_that_ran_out() -> None:
    deck = Deck({ANSWERED: [f"a{number}" for number in range(20)], ASKED: [], HANDED_OVER: ["h"]})
    first, second = deck.deal(2)
    assert [*first, *second] == [*(f"a{number}" for number in range(9)), "h", *(f"a{n}" for n in range(9, 19))]


def test_another_measure_goes_on_where_the_last_one_ended() -> None:
    deck = Deck({ANSWERED: ["a", "b", "c", "d"]})
    first = deck.deal_answered(3)
    deck.begin_measure()
    assert [*first, *deck.deal_answered(4)] == ["a", "b", "c", "d", "a", "b", "c"]


def test_texts_of_an_outcome_keep_their_order() -> None:
    found = by_outcome(["x", "y", "z"], [ANSWERED, HANDED_OVER, ANSWERED])
    assert found == {ANSWERED: ["x", "z"], ASKED: [], HANDED_OVER: ["y"]}


# Processes.


def test_processor_time_and_memory_of_descendants_count() -> None:
    work = "import sys, time; end = time.process_time() + 0.15\nwhile time.process_time() < end: pass\n"
    grandchild = f"{work}print('done', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {grandchild!r}])"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stdout.readline() == b"done\n"
        assert len(family([child.pid])) == 2
        assert cpu_s([child.pid]) >= 0.14
        both_mb = resident_mb([child.pid])
        assert both_mb > resident_mb(family([child.pid]) - {child.pid}) > 5
        child.communicate()
    assert cpu_s([child.pid]) == 0.0


# Plain Rasa's configuration.


def test_fully_trained_it_is_rasas_recommended_configuration() -> None:
    recommended = RECOMMENDED.read_text(encoding="utf-8")
    assert configuration(recommended, FULL_EPOCHS) == recommended
    assert {one["name"] for one in yaml.safe_load(recommended)["policies"]} >= {"RulePolicy", "TEDPolicy"}


def test_trained_for_less_it_answers_everything() -> None:
    found = yaml.safe_load(configuration(RECOMMENDED.read_text(encoding="utf-8"), 2))
    assert found["pipeline"][-1] == {"name": "FallbackClassifier", "threshold": 0.0, "ambiguity_threshold": 0.0}
    assert {part["epochs"] for part in [*found["pipeline"], *found["policies"]] if "epochs" in part} == {2}


@pytest.mark.parametrize(
    ("bar", "expected"), [("3/3 [03:14<00:00, 64.68s/it, t_loss=4.5]", 64.67), ("1/1 [1:00:05<00:00]", 3605)]
)
def test_seconds_of_an_epoch(bar: str, expected: float) -> None:
    lines = ("Processed actions: 118it [00:00]", "Epochs:  33%|x  | 1/3 [01:09<02:19]", f"Epochs: 100%|xxx| {bar}")
    said = "\r".join(lines) + "\nEpochs: 100%|x| 1/1 [00:01<00:00]"
    assert seconds_per_epoch(said) == pytest.approx(expected, abs=0.01)


# The report.


def latency(value: float) -> dict[str, float]:
    return dict.fromkeys(report.LATENCY, value)


RESULT = {
    "machine": {
        "date": "2026-11-25",
        "cores": 2,
        "processor": "x",
        "system": "y",
        "load_before": 0.1,
        "note": "Trial.",
    },
    "took_s": 600,
    "one_at_a_time": {"concurrent": 1, "vraagbaak": latency(1), "rasa": latency(4), "ratio": latency(0.25)},
    "at_16": {"concurrent": 16, "vraagbaak": latency(123.4), "rasa": latency(1234.5), "ratio": latency(0.1)},
    "memory": {
        "vraagbaak": {"total_mb": 900.0, "without_redis_mb": 880.0},
        "rasa": {"total_mb": 1200.0, "without_redis_mb": 1200.0},
    },
    "training": {"vraagbaak": {"s": 50.0}, "rasa": {"s": 100.0, "epochs": 1, "epoch_s": 40.4}},
    "scaling": [{"assistants": 2, "concurrent": 16, **latency(12.34)}],
    "idle_sockets": {
        "sockets": 1000,
        "extra_mb": 21.0,
        "bytes_per_socket": 21_000,
        "cpu_share_without": 0.01,
        "cpu_share_with": 0.025,
        "without": latency(10),
        "with": latency(11),
    },
}


def test_tables_say_where_it_was_measured_and_what_was_not() -> None:
    text = report.markdown(RESULT)
    assert "2026-11-25 with 2 cores" in text and "**Trial.**" in text
    assert "| One at a time: median, ms | 1.00 | 4.00 | 0.25 |" in text
    assert "| 16 at a time: p99, ms | 123 | 1,234 | 0.10 |" in text
    assert "| Training, s (plain Rasa: 1 of its 100 epochs, 40 s each) | 50.0 | 100 | 0.50 |" in text
    assert "| 2 | 16 | 12.3 | 12.3 | 12.3 |" in text
    assert "+21.0 MB, 21.0 kB a socket" in text
    assert "Start to first answer" not in text


def test_tables_of_ours_only_have_no_ratio() -> None:
    alone = {**RESULT, "at_16": {"concurrent": 16, "vraagbaak": latency(5)}}
    assert "| 16 at a time: p99, ms | 5.00 | – | – |" in report.markdown(alone)


@pytest.mark.parametrize("begin", [report.BEGIN, report.WEBHOOK_BEGIN])
def test_the_page_has_a_place_for_the_tables_and_the_rest_of_it_stays(begin: str) -> None:
    text = report.PAGE.read_text(encoding="utf-8")
    new = report.replaced(report.replaced(text, "old tables", begin), "new tables", begin)
    assert new.count("new tables") == 1 and "old tables" not in new
    assert new.partition(begin)[0] == text.partition(begin)[0]
    assert new.partition(begin)[2].partition(report.END)[2] == text.partition(begin)[2].partition(report.END)[2]
    with pytest.raises(ValueError, match="no place"):
        report.replaced("# Performance", "tables", begin)


def test_tables_of_the_webhook_alone_have_no_others() -> None:
    figures_ = {"ok_p99_ms": 12.3, "lost": 0}
    row = {"per_s": 100.0, "seconds": 60.0, "requests": 4700, "vraagbaak": figures_, "rasa": {**figures_, "lost": 324}}
    row["ratio"] = {"ok_p99_ms": 0.000328}
    text = report.markdown({**{name: RESULT[name] for name in ("machine", "took_s")}, "webhook": [row]})
    assert "| 100 events a second for 60 s, 4,700 requests |" in text
    assert "| of them lost | 0 | 324 | – |" in text
    assert "| the 200: p99, ms | 12.3 | 12.3 | 0.0003 |" in text
    assert "One at a time" not in text and text.count("|---|") == 1


def test_the_plot_is_drawn(tmp_path: Path) -> None:
    (tmp_path / "bench.json").write_text(json.dumps(RESULT))
    command = [ASSISTANT_PYTHON, "-m", "tools.bench.plot", tmp_path / "bench.json", tmp_path / "bench.png"]
    subprocess.run(command, cwd=ROOT, check=True)
    assert (tmp_path / "bench.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("sizes", [Sizes(), QUICK], ids=["whole", "quick"])
def test_there_are_as_many_conversations_as_are_held_at_a_time(sizes: Sizes) -> None:
    assert all(conversations >= at_once for at_once, conversations in sizes.at_once)
    assert all(sizes.scaling >= at_once for at_once, _ in sizes.at_once)
    asked_for = max(conversations for _, conversations in sizes.at_once) * sizes.blocks * 10
    assert asked_for <= sizes.rehearsed
