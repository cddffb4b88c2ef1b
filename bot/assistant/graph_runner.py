"""Runs Rasa's graphs with less around them than Rasa does: what would be looked up again, and never is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rasa import model_training
from rasa.engine.graph import ExecutionContext, GraphNodeHook, GraphSchema
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.engine.storage.storage import ModelStorage
from rasa.engine.training.hooks import TrainingHook


class DirectGraphRunner:
    """Stands where Rasa's runner stands once a model is loaded: the same nodes, in an order that is found once.

    Rasa's own plans every run anew with Dask, for 1 to 2 ms a message.
    """

    def __init__(self, loaded: DaskGraphRunner) -> None:
        self._schema = loaded._graph_schema
        self._nodes = loaded._instantiated_nodes
        self._plans: dict[tuple[str, ...], list[str]] = {}

    @property
    def components(self) -> list[Any]:
        """What the nodes run, for who wants to change one."""
        return [node._component for node in self._nodes.values()]

    def run(self, inputs: dict[str, Any], targets: list[str]) -> dict[str, Any]:
        """Output of each target, by its name. `inputs` stand for nodes that are not in the model."""
        outputs = dict(inputs)
        for name in self._plan(tuple(targets)):
            needs = self._schema.nodes[name].needs.values()
            outputs[name] = self._nodes[name](*((need, outputs[need]) for need in needs))[1]
        return {target: outputs[target] for target in targets}

    def _plan(self, targets: tuple[str, ...]) -> list[str]:
        """Names of the nodes that lead to `targets`, each behind those it needs."""
        if targets not in self._plans:
            plan: dict[str, None] = {}

            def add(name: str) -> None:
                if name in self._schema.nodes and name not in plan:
                    for need in self._schema.nodes[name].needs.values():
                        add(need)
                    plan[name] = None

            for target in targets:
                add(target)
            self._plans[targets] = list(plan)
        return self._plans[targets]


class UncachedRunner(DaskGraphRunner):
    """Trains without noting what each component was given and made, which Rasa would ask for at a next training.

    We train anew each time (force_training), so nobody asks.
    """

    @classmethod
    def create(
        cls,
        graph_schema: GraphSchema,
        model_storage: ModelStorage,
        execution_context: ExecutionContext,
        hooks: list[GraphNodeHook] | None = None,
    ) -> UncachedRunner:
        kept = [hook for hook in hooks or () if not isinstance(hook, TrainingHook)]
        return cls(graph_schema, model_storage, execution_context, kept)


@contextmanager
def uncached_training() -> Iterator[None]:
    """Inside, rasa.model_training trains with UncachedRunner; Rasa has no option for it."""
    rasas = model_training.DaskGraphRunner
    model_training.DaskGraphRunner = UncachedRunner
    try:
        yield
    finally:
        model_training.DaskGraphRunner = rasas
