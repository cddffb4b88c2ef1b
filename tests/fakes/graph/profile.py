"""The messenger profile of a page: greeting, Get Started, ice breakers, menu, commands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tests.fakes.graph.errors import bad_parameter
from tests.fakes.graph.limits import at_most, few_enough
from tests.fakes.graph.records import Json
from tests.fakes.graph.requests import GraphRequest

if TYPE_CHECKING:
    from tests.fakes.graph.server import FakeGraph

MAX_GREETING_CHARS = 160
MAX_QUESTIONS = 4
MAX_MENU_ITEMS = 20
MAX_MENU_TITLE_CHARS = 30
MAX_PAYLOAD_CHARS = 1000
MAX_COMMANDS = 100
MAX_COMMAND_NAME_CHARS = 32
MAX_COMMAND_TEXT_CHARS = 64


def read(graph: FakeGraph, request: GraphRequest) -> Json:
    """`{"data": [{...}]}` with the fields that were asked for and are set; empty data if none is."""
    if not request.fields:
        raise bad_parameter("The parameter fields is required")
    unknown = set(request.fields) - set(CHECKS)
    if unknown:
        raise bad_parameter(f"Param fields has an unknown property: {sorted(unknown)[0]}")
    found = {name: request.the_page.profile[name] for name in request.fields if name in request.the_page.profile}
    return {"data": [found] if found else []}


def write(graph: FakeGraph, request: GraphRequest) -> Json:
    """Everything is checked before anything is set."""
    profile = request.the_page.profile
    given = {name: value for name, value in request.params.items() if name not in NOT_PROPERTIES}
    if not given or set(given) - set(CHECKS):
        raise bad_parameter("Requires one of the params: " + ",".join(CHECKS))
    for name, value in given.items():
        CHECKS[name](value)
    if "persistent_menu" in given and "get_started" not in {**profile, **given}:
        raise bad_parameter("Voor een vast menu is eerst get_started nodig")
    profile.update(given)
    graph.happened()
    return {"result": "success"}


def delete(graph: FakeGraph, request: GraphRequest) -> Json:
    profile = request.the_page.profile
    left = set(profile) - set(request.fields)
    if "persistent_menu" in left and "get_started" not in left:
        raise bad_parameter("get_started kan niet weg zolang er een vast menu is")
    for name in request.fields:
        profile.pop(name, None)
    graph.happened()
    return {"result": "success"}


def check_get_started(value: Any) -> None:
    if not isinstance(value, dict) or not value.get("payload"):
        raise bad_parameter("Param get_started must have a payload")
    at_most(value["payload"], MAX_PAYLOAD_CHARS, "get_started[payload]")


def check_greeting(value: Any) -> None:
    for each in by_locale(value, "greeting"):
        at_most(each.get("text", ""), MAX_GREETING_CHARS, "greeting[text]")


def check_ice_breakers(value: Any) -> None:
    for each in by_locale(value, "ice_breakers"):
        questions = each.get("call_to_actions") or []
        few_enough(questions, MAX_QUESTIONS, "ice_breakers[call_to_actions]")
        if not all(item.get("question") and item.get("payload") for item in questions):
            raise bad_parameter("Een startvraag heeft een question en een payload")


def check_menu(value: Any) -> None:
    for each in by_locale(value, "persistent_menu"):
        items = each.get("call_to_actions") or []
        few_enough(items, MAX_MENU_ITEMS, "persistent_menu[call_to_actions]")
        for item in items:
            check_menu_item(item)


def check_menu_item(item: Json) -> None:
    """No nested level any more."""
    if item.get("type") not in ("web_url", "postback") or not item.get("title"):
        raise bad_parameter("Een menuregel is een web_url of een postback met een title")
    at_most(item["title"], MAX_MENU_TITLE_CHARS, "persistent_menu[title]")
    content = item.get("url") if item["type"] == "web_url" else item.get("payload")
    if not content:
        raise bad_parameter("Een menuregel mist zijn url of payload")
    at_most(item.get("payload", ""), MAX_PAYLOAD_CHARS, "persistent_menu[payload]")


def check_commands(value: Any) -> None:
    for each in by_locale(value, "commands"):
        commands = each.get("commands") or []
        few_enough(commands, MAX_COMMANDS, "commands")
        for command in commands:
            at_most(command.get("name", ""), MAX_COMMAND_NAME_CHARS, "commands[name]")
            at_most(command.get("description", ""), MAX_COMMAND_TEXT_CHARS, "commands[description]")


def check_nothing(value: Any) -> None:
    """What the fake keeps without looking at it."""


def by_locale(value: Any, name: str) -> Sequence[Json]:
    """The objects, one for each locale. Raises GraphError without a `default` or with one locale twice."""
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise bad_parameter(f"Param {name} must be an array")
    locales = [each.get("locale") for each in value]
    if "default" not in locales or len(set(locales)) != len(locales):
        raise bad_parameter(f"Param {name} needs each locale once, default among them")
    return value


NOT_PROPERTIES = frozenset({"access_token", "appsecret_proof", "appsecret_time", "platform", "fields"})
CHECKS = {
    "get_started": check_get_started,
    "greeting": check_greeting,
    "ice_breakers": check_ice_breakers,
    "persistent_menu": check_menu,
    "commands": check_commands,
    "whitelisted_domains": check_nothing,
    "account_linking_url": check_nothing,
}
