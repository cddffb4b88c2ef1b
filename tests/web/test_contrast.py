"""Texts on desk and editor can be read by everybody: WCAG AA, in both colour schemes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).parent.parent.parent / "bot/web/static/app.css").read_text()
# Text on surface.
TEXTS = [
    *[(text, on) for text in ("text", "text-muted") for on in ("background", "surface", "surface-raised")],
    *[(text, on) for text in ("accent", "accent-strong", "bad") for on in ("background", "surface", "surface-raised")],
    *[("text", f"{kind}-soft") for kind in ("accent", "good", "bad", "warn")],
    *[(kind, f"{kind}-soft") for kind in ("accent", "good", "bad", "warn")],
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("on-bad", "bad"),
    ("warn", "surface"),
    ("good", "surface"),
    ("on-bubble-customer", "bubble-customer"),
    ("on-bubble", "bubble-assistant"),
    ("on-bubble", "bubble-agent"),
    ("bad", "bubble-assistant"),
]
# Edges of controls, and the focus.
EDGES = [(edge, on) for edge in ("line-control", "focus") for on in ("background", "surface")]


def _scheme(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", css))


LIGHT_CSS, DARK_CSS = CSS.split("@media (prefers-color-scheme: dark)")
LIGHT = _scheme(LIGHT_CSS)
SCHEMES = {"light": LIGHT, "dark": {**LIGHT, **_scheme(DARK_CSS)}}


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("one", "on", "least"), [*[(*pair, 4.5) for pair in TEXTS], *[(*pair, 3.0) for pair in EDGES]])
def test_contrast_is_enough(scheme: str, one: str, on: str, least: float) -> None:
    colors = SCHEMES[scheme]
    assert _contrast(colors[one], colors[on]) >= least


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    """WCAG 2's relative luminance of `#rrggbb`."""
    red, green, blue = (_linear(int(color[start : start + 2], 16) / 255) for start in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)
