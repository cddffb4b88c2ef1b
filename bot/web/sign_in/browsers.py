"""What a browser calls itself, in a few words for its owner: `Firefox op Windows`."""

from __future__ import annotations

# The first that is in the text counts: every browser also names the ones it wants to be taken for.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def browser_words(user_agent: str) -> str:
    """Nothing of the text itself is in the answer."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "Onbekende browser")
    system = next((f" op {name}" for mark, name in _SYSTEMS if mark in user_agent), "")
    return browser + system
