"""Rasa's rules, found without holding every rule against every state again.

RulePolicy tries each of its rules, some hundred, three times a turn. What it finds depends on the dialogue's state
alone: an intent, what was said before it, and slots. There are few of those, so it is remembered.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from rasa.core.policies.rule_policy import RULES, RulePolicy
from rasa.shared.core.constants import USER
from rasa.shared.nlu.constants import TEXT

REMEMBERED_STATES = 5_000


def remember_rules(policy: RulePolicy) -> None:
    """Make a loaded policy remember which rules fit which states. Its predictions stay the same."""
    rules: dict[str, str] = policy.lookup[RULES]
    find_keys, find_action = policy._get_possible_keys, policy._find_action_from_rules
    has_rules_about_texts = any(
        TEXT in state.get(USER, {}) for key in rules for state in policy._rule_key_to_state(key)
    )
    states_of: dict[str, list[Any]] = {}

    @lru_cache(maxsize=REMEMBERED_STATES)
    def keys_of(states: str) -> frozenset[str]:
        return frozenset(find_keys(rules, states_of[states]))

    def get_possible_keys(lookup: dict[str, str], states: list[Any]) -> set[str]:
        if lookup is not rules:  # those of forms
            found: set[str] = find_keys(lookup, states)
            return found
        key = repr(states)
        states_of[key] = states
        try:
            return set(keys_of(key))
        finally:
            del states_of[key]

    def find_action_from_rules(tracker: Any, domain: Any, use_text_for_last_user_input: bool) -> Any:
        if use_text_for_last_user_input and not has_rules_about_texts:
            return None, None, False
        return find_action(tracker, domain, use_text_for_last_user_input)

    policy._get_possible_keys = get_possible_keys
    policy._find_action_from_rules = find_action_from_rules
