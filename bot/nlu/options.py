"""Checks of the options that config.yml gives a component. Every complaint names the option."""

from collections.abc import Mapping
from typing import Any

from rasa.shared.exceptions import InvalidConfigException

# Rasa adds these to a component's options itself.
RASA_OPTIONS = {"alias", "intent_split_symbol", "intent_tokenization_flag", "prefix_separator_symbol", "token_pattern"}


def check_names(component: str, config: Mapping[str, Any], known: Mapping[str, Any]) -> None:
    """Raise InvalidConfigException for an option that `component` does not have."""
    for name in config:
        if name not in known and name not in RASA_OPTIONS:
            raise InvalidConfigException(f"{component}: unknown option {name!r}; it has {', '.join(sorted(known))}.")


def check_number(component: str, config: Mapping[str, Any], name: str, *, low: float, high: float) -> None:
    """Raise InvalidConfigException unless option `name` is a number from `low` to `high`, both included."""
    value = config[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InvalidConfigException(
            f"{component}: option {name!r} must be a number from {low:g} to {high:g}, not {value!r}."
        )


def check_whole_number(component: str, config: Mapping[str, Any], name: str, *, low: int, high: int) -> None:
    """Raise InvalidConfigException unless option `name` is a whole number from `low` to `high`, both included."""
    check_number(component, config, name, low=low, high=high)
    if not isinstance(config[name], int):
        raise InvalidConfigException(f"{component}: option {name!r} must be a whole number, not {config[name]!r}.")


def check_texts(component: str, config: Mapping[str, Any], name: str) -> None:
    """Raise InvalidConfigException unless option `name` is a list of texts; it may be empty."""
    value = config[name]
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise InvalidConfigException(f"{component}: option {name!r} must be a list of texts, not {value!r}.")
