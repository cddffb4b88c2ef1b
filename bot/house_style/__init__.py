"""The house style held against a text: what differs from it, where, why, and what to write instead."""

from bot.house_style.check import check, check_link
from bot.house_style.findings import RULES, Finding, Rule, Severity
from bot.house_style.reading import Readability, readability

__all__ = ["RULES", "Finding", "Readability", "Rule", "Severity", "check", "check_link", "readability"]
