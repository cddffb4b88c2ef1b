"""What customers see before they write: Get Started, greeting, first questions, menu, as messenger.yml has them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from bot.web.channels.messenger.answers import inner, listed
from bot.web.channels.messenger.checks import Work
from bot.web.channels.messenger.config import Profile
from bot.web.channels.messenger.graph import GraphRefused, Json
from bot.web.channels.messenger.refusals import explained
from bot.web.channels.messenger.report import Finding

# Property of the Messenger Profile API -> what people call it, in the order in which they are set: without Get Started
# Meta takes no menu. One call each, so that a refusal tells what is wrong; Meta takes 10 in 10 minutes, we need 6.
PROPERTIES = {
    "get_started": "Get Started",
    "greeting": "Greeting",
    "ice_breakers": "Ice breakers",
    "persistent_menu": "Menu",
}
_MENU_TAKES_TIME = " Customers may see it a day later."


async def set_profile(work: Work) -> list[Finding]:
    """Makes the page as messenger.yml says; only what differs is changed."""
    wanted, before = wanted_of(work.page.profile), await _read(work)
    differing = [name for name, value in wanted.items() if not _is_same(name, value, before.get(name))]
    if work.dry_run or not differing:
        return [_finding(name, wanted, before, before, work) for name in PROPERTIES]
    refused: dict[str, Finding] = {}
    for name in differing:
        try:
            await _write(work, name, wanted[name])
        except GraphRefused as exc:
            refused[name] = explained(PROPERTIES[name], exc)
    after = await _read(work)
    return [refused.get(name) or _finding(name, wanted, before, after, work) for name in PROPERTIES]


def wanted_of(profile: Profile) -> dict[str, Any]:
    """Property -> what it shall be in Meta's form; None: gone. What is left alone is not in it; PROPERTIES' order."""
    wanted: dict[str, Any] = {"get_started": {"payload": profile.get_started}}
    if profile.greeting is not None:
        text = profile.greeting.strip()
        wanted["greeting"] = [{"locale": "default", "text": text}] if text else None
    if profile.ice_breakers is not None:
        questions = [{"question": each.question.strip(), "payload": each.payload} for each in profile.ice_breakers]
        wanted["ice_breakers"] = [{"locale": "default", "call_to_actions": questions}] if questions else None
    if profile.menu is not None:
        items = [_menu_item(each.title.strip(), each.payload, each.url) for each in profile.menu]
        menu = {"locale": "default", "composer_input_disabled": False, "call_to_actions": items}
        wanted["persistent_menu"] = [menu] if items else None
    return wanted


def _menu_item(title: str, payload: str, url: str) -> Json:
    if url:
        return {"type": "web_url", "title": title, "url": url}
    return {"type": "postback", "title": title, "payload": payload}


async def _read(work: Work) -> Json:
    query = {"fields": ",".join(PROPERTIES)}
    answer, _ = await work.graph.call(work.page, "GET", f"{work.page.id}/messenger_profile", query=query)
    return {name: value for each in listed(answer) for name, value in each.items() if value}


async def _write(work: Work, name: str, value: Any) -> None:
    path = f"{work.page.id}/messenger_profile"
    if value is None:
        await work.graph.call(work.page, "DELETE", path, body={"fields": [name]})
    else:
        await work.graph.call(work.page, "POST", path, body={name: value})


def _finding(name: str, wanted: Json, before: Json, after: Json, work: Work) -> Finding:
    what = PROPERTIES[name]
    if name not in wanted:
        return Finding("ok", what, "messenger.yml does not mention it; what is on the page stays.")
    text = _described(name, wanted[name])
    if _is_same(name, wanted[name], before.get(name)):
        return Finding("ok", what, text)
    difference = f"{text} Before: {_described(name, before.get(name))}"
    if work.dry_run:
        return Finding("would change", what, difference)
    if _is_same(name, wanted[name], after.get(name)):
        return Finding("changed", what, difference + (_MENU_TAKES_TIME if name == "persistent_menu" else ""))
    return Finding(
        "missing",
        what,
        f"Meta did not take it over. {difference}",
        "Run this again after ten minutes; look on the page.",
    )


def _described(name: str, value: Any) -> str:
    """For people; of questions and menu only what customers read, and the languages if there are more."""
    if not value:
        return "none."
    if name == "get_started":
        return f"Stands for {inner({name: value}, name).get('payload')}."
    known = _compared(name, value)
    if not isinstance(known, dict):
        return "In a form of Meta's that is out of use."
    parts = [_part(each) for each in known.values()]
    other = sorted(set(known) - {"default"})
    return f"{'; '.join(parts)}." + (f" Also for {', '.join(other)}." if other else "")


def _part(content: Any) -> str:
    return f'"{content}"' if isinstance(content, str) else ", ".join(str(each[0]) for each in content) or "empty"


def _is_same(name: str, wanted: Any, found: Any) -> bool:
    return _compared(name, wanted) == _compared(name, found)


def _compared(name: str, value: Any) -> Any:
    """What counts: Meta adds keys of its own, such as webview_height_ratio, and gives lists in any order of languages.

    A value of an unknown form is left as it is, so that it differs from ours.
    """
    if not value:
        return None
    try:
        return _COMPARED[name](value)
    except (AttributeError, KeyError, TypeError):
        return value


def _by_locale(entries: Collection[Json], content: Callable[[Json], Any]) -> dict[str, Any]:
    return {str(entry["locale"]): content(entry) for entry in entries}


def _menu(entry: Json) -> tuple[Any, ...]:
    disabled = (("the text field is off",),) if entry.get("composer_input_disabled") in (True, "true") else ()
    items = (
        (each["title"], each.get("type"), each.get("url") or each.get("payload")) for each in entry["call_to_actions"]
    )
    return (*disabled, *items)


_COMPARED: dict[str, Callable[[Any], Any]] = {
    "get_started": lambda value: value["payload"],
    "greeting": lambda value: _by_locale(value, lambda entry: str(entry["text"]).strip()),
    "ice_breakers": lambda value: _by_locale(
        value, lambda entry: tuple((each["question"], each["payload"]) for each in entry["call_to_actions"])
    ),
    "persistent_menu": lambda value: _by_locale(value, _menu),
}
