"""`make desk-load` in short: real desks, real sockets, and every desk shows every change."""

from __future__ import annotations

from tests.conftest import Site
from tests.fakes.scripted_assistant import scripted_assistant
from tools.desk_load.desks import Frame, Frames
from tools.desk_load.measure import Change, Plan, _outcome, measure
from tools.desk_load.preload import make_agents, preload
from tools.desk_load.report import figures, lines, percentile

SHORT = Plan(agents=6, customers=8, open=60, lasts_s=2.0, pause_s=0.6, every_s=0.8, settle_s=1.0)


async def test_every_desk_shows_every_change(site: Site) -> None:
    async with site.store() as store, scripted_assistant(store):
        agents = await make_agents(store, SHORT.agents)
        await preload(store, agents, SHORT.open)
        outcome = await measure(SHORT, [site.url], store, agents)
        assert sum((await store.views.counts(["held", "waiting"])).values()) >= SHORT.open
    assert outcome.missed == [] and outcome.troubles == []
    assert set(outcome.delays_s) == {"message", "claim", "reply"}
    assert sum(map(len, outcome.delays_s.values())) == outcome.changes * SHORT.agents
    found = figures(outcome, None, {})
    assert found["ms"]["all"]["n"] == outcome.changes * SHORT.agents and "missed: 0" in "\n".join(lines(found))


def test_a_change_that_a_desk_never_showed_is_missed() -> None:
    class Quiet:
        name, received, read_all, troubles = "Agent", {"b-2": 7.0}, [(0.0, 0)], ()

    frames = Frames(
        known={"b-1": Frame(frozenset({"x"}), 99), "b-2": Frame(frozenset({"x"}), 200)},
        by_conversation={"x": ["b-1", "b-2"]},
    )
    changes = [Change("message", "x", 6.5, 100), Change("message", "x", 6.5, 201), Change("message", "y", 6.5, 100)]
    outcome = _outcome(SHORT, changes, frames, [Quiet()], [])  # type: ignore[list-item]
    assert outcome.delays_s == {"message": [0.5]} and len(outcome.missed) == 2


def test_percentiles_are_values_that_occurred() -> None:
    assert [percentile(range(1, 101), share) for share in (0.5, 0.99, 1)] == [50, 99, 100]
    assert percentile([], 0.5) == 0
