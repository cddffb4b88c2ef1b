"""What a site says at /metrics."""

from __future__ import annotations

import aiohttp
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample


async def read(url: str) -> list[Sample]:
    """Every sample, in the form that Prometheus reads; `url` is the site's."""
    async with aiohttp.ClientSession() as client, client.get(url + "/metrics") as response:
        assert response.status == 200
        text = await response.text()
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


async def samples(url: str) -> dict[str, float]:
    """`name{label="value"}`, labels in alphabetical order, to its figure."""
    return {_name(sample): sample.value for sample in await read(url)}


def _name(sample: Sample) -> str:
    labels = ",".join(f'{name}="{value}"' for name, value in sorted(sample.labels.items()))
    return f"{sample.name}{{{labels}}}" if labels else sample.name
