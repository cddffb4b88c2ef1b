"""What is in deploy/ fits the program: a rule on a metric that isn't there never fires, and nobody would know."""

from __future__ import annotations

import configparser
import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
import websockets
import yaml
from prometheus_client.samples import Sample

from bot.errors import EXIT_CONFIG
from bot.model import ModelRecord
from tests.conftest import REST_TOKEN, ROOT, Site
from tests.fakes.scripted_assistant import scripted_assistant
from tests.figures import read

DEPLOY = ROOT / "deploy"
FUNCTIONS = {"rate", "increase", "histogram_quantile"}
AGGREGATIONS = {"max", "min", "sum"}
WORDS = {"and", "or", "unless", "by", "on"}
# What Prometheus itself adds.
TARGET_LABELS = {"job", "instance"}


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((DEPLOY / "prometheus-alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((DEPLOY / "grafana-dashboard.json").read_text())["panels"]
    return found


def expressions() -> Iterator[tuple[str, str]]:
    """(where, PromQL) of every rule and every panel."""
    for rule in rules():
        yield rule["alert"], rule["expr"]
    for panel in panels():
        for target in panel.get("targets", ()):
            yield f"{panel['title']} {target['refId']}", target["expr"]


class Expression:
    """What a PromQL expression is about: enough of the language for ours."""

    def __init__(self, text: str) -> None:
        assert text.count("(") == text.count(")") and text.count("{") == text.count("}")
        grouped = re.findall(r"\b(?:by|on) ?\(([^)]*)\)", text)
        self.grouped = {label.strip() for group in grouped for label in group.split(",")}
        text = re.sub(r"\b(by|on) ?\([^)]*\)", "", text)
        self.selectors: list[tuple[str, list[tuple[str, str, str]]]] = []
        self.called: set[str] = set()
        for name, opened, matchers in re.findall(
            r"(?<![\w.$])([a-zA-Z_]\w*)\s*(\()?(?:\{([^}]*)\})?", re.sub(r"\[[^\]]*\]", "", text)
        ):
            if opened:
                self.called.add(name)
            elif name not in WORDS:
                self.selectors.append((name, re.findall(r'(\w+)(=~|=)"([^"]*)"', matchers)))


def selected(samples: list[Sample], name: str, matchers: list[tuple[str, str, str]]) -> list[Sample]:
    """As Prometheus would; what it adds itself is passed over."""
    wanted = [(label, value) for label, _, value in matchers if label not in TARGET_LABELS]
    return [
        sample
        for sample in samples
        if sample.name == name and all(re.fullmatch(value, sample.labels.get(label, "")) for label, value in wanted)
    ]


@pytest.fixture
async def samples(site: Site) -> list[Sample]:
    """What a site says at which all has happened that a metric needs to be there."""
    headers = {"authorization": f"Bearer {REST_TOKEN}"}
    async with site.store() as store, scripted_assistant(store), aiohttp.ClientSession(headers=headers) as client:
        body = {"sender": uuid.uuid4().hex, "message": "hoi"}
        await client.post(site.url + "/webhooks/rest/webhook", json=body)
        await client.get(site.url + "/not-there")
        async with websockets.connect(site.ws_url + "/widget/socket") as socket:
            await socket.send('{"type":"hello"}')
            await socket.recv()
            await socket.send("{}")
            await socket.recv()
        await store.models.register(ModelRecord("m1", "/x", "", 1))
        await store.models.activate("m1")
        await store.work.sign_of_life("test", '{"model":"m1"}')
        return await read(site.url)


async def test_every_rule_and_panel_is_about_figures_that_are_there(samples: list[Sample]) -> None:
    for where, text in expressions():
        expression = Expression(text)
        assert expression.called <= FUNCTIONS | AGGREGATIONS, where
        assert expression.selectors, where
        for name, matchers in expression.selectors:
            if name == "up":
                continue
            # A first refusal for want of Redis makes this one.
            if name == "bot_messages_refused_total":
                matchers = [matcher for matcher in matchers if matcher[0] != "code"]
            found = selected(samples, name, matchers)
            assert found, f"{where}: nothing is selected by {name} {matchers}"
            labels = set(found[0].labels) | TARGET_LABELS
            others = {
                label for other, _ in expression.selectors for s in selected(samples, other, []) for label in s.labels
            }
            assert expression.grouped <= labels | others, f"{where}: {name} has no {expression.grouped - labels}"


def test_every_metric_of_the_installation_is_taken_once_not_per_process() -> None:
    """`sum` over web processes that all say the same would count everything twice."""
    own = {"bot_messages_sent_total", "bot_messages_refused_total", "bot_requests_refused_total", "bot_widget_pages"}
    own |= {"bot_webhook_requests_total", "bot_messenger_events_total", "bot_mails_total", "bot_hook_losses_total"}
    own_prefixes = ("bot_store_seconds", "bot_turn_seconds", "bot_event_loop_lag_seconds", "bot_redis_up")
    for where, text in expressions():
        for name, _ in Expression(text).selectors:
            if name.startswith("bot_") and name not in own and not name.startswith(own_prefixes):
                for before in re.findall(rf"(\w+)(?: by \([^)]*\))? ?\((?:rate\(|increase\()?{name}\b", text):
                    assert before == "max", f"{where}: {before} of {name}"
                assert re.search(rf"max(?: by \([^)]*\))? ?\((?:rate\(|increase\()?{name}\b", text), where


def test_every_rule_says_how_bad_it_is_and_what_to_do() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names) > 10
    for rule in rules():
        assert set(rule) - {"for"} == {"alert", "expr", "labels", "annotations"}
        assert re.fullmatch(r"\d+m", rule.get("for", "0m"))
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert set(rule["annotations"]) == {"summary", "description"}
        expression, told = Expression(rule["expr"]), " ".join(rule["annotations"].values())
        kept = expression.grouped if expression.called & AGGREGATIONS else {*expression.grouped, "instance"}
        assert set(re.findall(r"\$labels\.(\w+)", told)) <= kept, rule["alert"]


def test_events_that_the_rules_point_to_exist() -> None:
    text = (DEPLOY / "prometheus-alerts.yml").read_text()
    events = set(re.findall(r"^\| `([a-z]+\.[a-z_]+)`", (ROOT / "docs/reference/events.md").read_text(), re.MULTILINE))
    assert set(re.findall(r"`([a-z]+\.[a-z_]+)`", text)) <= events
    settings = (ROOT / "docs/reference/settings.md").read_text()
    assert all(f"`{name}`" in settings for name in re.findall(r"BOT_[A-Z_]+", text))


def test_the_scrape_example_has_the_job_and_the_rules() -> None:
    config = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())
    assert [job["job_name"] for job in config["scrape_configs"]] == ["vraagbaak"]
    assert all((DEPLOY / name).is_file() for name in config["rule_files"])


def test_the_dashboard_can_be_imported() -> None:
    dashboard = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
    assert {variable["name"]: variable["type"] for variable in dashboard["templating"]["list"]} == {
        "datasource": "datasource",
        "job": "query",
    }
    ids = [panel["id"] for panel in panels()]
    assert len(set(ids)) == len(ids)
    cells: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        own = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not own & cells, f"{panel['title']} lies on another"
        cells |= own
        if panel["type"] != "row":
            assert panel["title"] and panel["description"] and panel["targets"]
            sources = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
            assert all(source == {"type": "prometheus", "uid": "${datasource}"} for source in sources)


@pytest.mark.parametrize("part", ["web", "assistant"])
def test_the_units_start_what_there_is(part: str) -> None:
    unit = configparser.RawConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(DEPLOY / f"vraagbaak-{part}@.service")
    python, _, module = unit["Service"]["ExecStart"].split()
    environment = {"web": ".venv", "assistant": ".venv-assistant"}[part]
    assert python == f"{unit['Service']['WorkingDirectory']}/{environment}/bin/python"
    assert (ROOT / module.replace(".", "/") / "__main__.py").is_file()
    assert int(unit["Service"]["RestartPreventExitStatus"]) == EXIT_CONFIG
