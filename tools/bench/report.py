"""What `make bench` found, for people: a table, and the page and plot in docs/."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tools.bench.sides import ASSISTANT_PYTHON, FULL_EPOCHS, ROOT

PAGE = ROOT / "docs" / "explanation" / "performance.md"
PLOT = ROOT / "docs" / "images" / "bench.png"
BEGIN, END = "<!-- made by `make bench ARGS=--publish` -->", "<!-- end of what `make bench` made -->"
WEBHOOK_BEGIN = "<!-- made by `make bench ARGS='--webhook --publish'` -->"
LATENCY = {
    "median_ms": "median, ms",
    "p95_ms": "p95, ms",
    "p99_ms": "p99, ms",
    "messages_per_s": "messages/s",
    "cpu_ms_per_message": "processor time a message, ms",
}
Result = dict[str, Any]


def markdown(result: Result) -> str:
    """All tables, with a line that says where and when they were measured."""
    tables = [about(result)]
    if "one_at_a_time" in result:
        tables += dialogue(result)
    tables += webhooks(result)
    return "\n\n".join(tables) + "\n"


def dialogue(result: Result) -> list[str]:
    """What a message costs, side by side and with more assistants, and what idle pages cost."""
    tables = [side_by_side(result)]
    if "scaling" in result:
        tables.append(scaling(result["scaling"]))
    if "idle_sockets" in result:
        tables.append(sockets(result["idle_sockets"]))
    return tables


def webhooks(result: Result) -> list[str]:
    return [webhook(row) for row in result.get("webhook", [])]


def about(result: Result) -> str:
    machine = result["machine"]
    lines = [
        f"Measured on {machine['date']} with {machine['cores']} cores ({machine['processor']}), {machine['system']}; "
        f"load average before it {machine['load_before']}, took {result['took_s'] / 60:.0f} minutes."
    ]
    if note := machine.get("note"):
        lines.append(f"**{note}**")
    return " ".join(lines)


def side_by_side(result: Result) -> str:
    """One row a figure: ours, plain Rasa, ratio."""
    rows = ["| | Vraagbaak | plain Rasa | ratio |", "|---|---:|---:|---:|"]
    for name in ("one_at_a_time", "at_16", "at_64"):
        if name in result:
            rows += _latency_rows(result[name])
    rows += _long_rows(result.get("long_conversation"))
    rows += _one_figure("Memory of all processes, MB", result.get("memory"), "total_mb")
    rows += _one_figure("Memory without Redis, MB", result.get("memory"), "without_redis_mb")
    rows += _one_figure("Start to first answer, s", result.get("start_up"), "s")
    rows += _one_figure(_training_title(result), result.get("training"), "s")
    return "\n".join(rows)


def scaling(rows: list[Result]) -> str:
    lines = ["| assistants | at a time | messages/s | median, ms | p99, ms |", "|---:|---:|---:|---:|---:|"]
    for row in rows:
        cells = (row["assistants"], row["concurrent"], *(_number(row[n]) for n in _SCALING))
        lines.append(f"| {' | '.join(str(cell) for cell in cells)} |")
    return "\n".join(lines)


def webhook(row: Result) -> str:
    """One rate: what the 200 took, and what became of the messages."""
    about = f"{row['per_s']:g} events a second for {row['seconds']:g} s, {row['requests']:,} requests"
    ours, theirs, ratio = row["vraagbaak"], row.get("rasa", {}), row.get("ratio", {})
    lines = [f"| {about} | Vraagbaak | Rasa's Facebook channel | ratio |", "|---|---:|---:|---:|"]
    for name, title in _COUNTS.items():
        cells = (f"{side[name]:,}" if name in side else "–" for side in (ours, theirs))
        lines.append(f"| {title} | {' | '.join(cells)} | – |")
    for name, title in _TIMES.items():
        lines.append(_row(title, ours.get(name), theirs.get(name), ratio.get(name)))
    return "\n".join(lines)


def sockets(found: Result) -> str:
    memory = f"+{_number(found['extra_mb'])} MB, {found['bytes_per_socket'] / 1000:.1f} kB a socket"
    idle = f"{found['cpu_share_without']:.1%} | {found['cpu_share_with']:.1%}"
    rows = [
        f"| {found['sockets']:,} idle widget sockets | without | with |",
        "|---|---:|---:|",
        f"| memory of web | | {memory} |",
        f"| processor time of web while idle, of a core | {idle} |",
    ]
    for name, title in (("median_ms", "median, ms"), ("p99_ms", "p99, ms")):
        cells = (_number(found[side][name]) for side in ("without", "with"))
        rows.append(f"| a reply over REST, {title} | {' | '.join(cells)} |")
    return "\n".join(rows)


def publish(result: Result, out: Path) -> None:
    """Write what was measured in the page, and the plot beside it. out: the file that `result` was written to."""
    text = PAGE.read_text(encoding="utf-8")
    if "one_at_a_time" in result:
        text = replaced(text, "\n\n".join([about(result), *dialogue(result)]))
        subprocess.run([ASSISTANT_PYTHON, "-m", "tools.bench.plot", out, PLOT], cwd=ROOT, check=True)
    if "webhook" in result:
        text = replaced(text, "\n\n".join([about(result), *webhooks(result)]), WEBHOOK_BEGIN)
    PAGE.write_text(text, encoding="utf-8")


def replaced(text: str, tables: str, begin: str = BEGIN) -> str:
    """The page with `tables` between this marker and the next END. Raises ValueError if it has none."""
    before, _, rest = text.partition(begin)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"{PAGE} has no place for the tables")
    return f"{before}{begin}\n\n{tables.strip()}\n\n{end}{after}"


def save(result: Result, out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


_TIMES = {
    "ok_median_ms": "the 200: median, ms",
    "ok_p99_ms": "the 200: p99, ms",
    "ok_max_ms": "the 200: longest, ms",
    "stored_p99_ms": "until a message is in its conversation: p99, ms",
    "answer_median_ms": "until a customer's first answer is at Meta: median, ms",
    "answer_p99_ms": "until a customer's first answer is at Meta: p99, ms",
    "cores_used": "cores in use while requests came",
}
_COUNTS = {
    "failures": "requests without a 200",
    "after_5_s": "requests with a 200 after more than 5 s",
    "written": "messages of customers",
    "lost": "of them lost",
    "answered": "of them answered by the assistant",
    "human": "of them with a human, or in the queue for one",
    "sent_twice": "messages that a customer got twice",
}
_SCALING = ("messages_per_s", "median_ms", "p99_ms")


def _latency_rows(measured: Result) -> list[str]:
    ours, theirs, ratio = (measured.get(name, {}) for name in ("vraagbaak", "rasa", "ratio"))
    at = "One at a time" if measured["concurrent"] == 1 else f"{measured['concurrent']} at a time"
    return [
        _row(f"{at}: {title}", ours.get(name), theirs.get(name), ratio.get(name)) for name, title in LATENCY.items()
    ]


def _long_rows(measured: Result | None) -> list[str]:
    if not measured:
        return []
    ours, theirs = measured["vraagbaak"], measured.get("rasa", {})
    last = f"message {measured['length'] - 9} to {measured['length']}"
    rows = {"first_ms": "Message 1 to 10, median ms", "last_ms": f"{last.capitalize()}, median ms"}
    ratio = measured.get("ratio", {})
    found = [_row(title, ours[name], theirs.get(name), ratio.get(name)) for name, title in rows.items()]
    return [*found, _row("The last ones against the first", ours["growth"], theirs.get("growth"), ratio.get("growth"))]


def _one_figure(title: str, measured: Result | None, name: str) -> list[str]:
    if not measured:
        return []
    ours, theirs = measured["vraagbaak"][name], measured.get("rasa", {}).get(name)
    return [_row(title, ours, theirs, ours / theirs if theirs else None)]


def _training_title(result: Result) -> str:
    theirs = result.get("training", {}).get("rasa", {})
    if theirs.get("epochs", FULL_EPOCHS) >= FULL_EPOCHS:
        return "Training, s"
    return f"Training, s (plain Rasa: {theirs['epochs']} of its {FULL_EPOCHS} epochs, {theirs['epoch_s']:.0f} s each)"


def _row(title: str, ours: float | None, theirs: float | None, ratio: float | None) -> str:
    return f"| {title} | {_number(ours)} | {_number(theirs)} | {_ratio(ratio)} |"


def _ratio(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.1g}"


def _number(value: float | None) -> str:
    """Three figures, which is more than the noise allows."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
