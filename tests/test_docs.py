"""The docs say what the code does: everything that has a name is in docs/reference/, and every link leads somewhere."""

from __future__ import annotations

import ast
import inspect
import re
import typing
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from bot.answers import VARIABLES
from bot.model import REASONS
from bot.settings import OUTSIDE_NAMES, Settings
from bot.store.figures import Snapshot
from bot.store.keys import Keys
from bot.web.app import App
from bot.web.channels import widget
from bot.web.operations.installation import registry_of
from bot.web.operations.metrics import Metrics
from bot.web.server import create_app
from tests.sources import nodes
from tools import settings_table

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
SOURCES = sorted((ROOT / "bot").rglob("*.py"))
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def first_cells(name: str, pattern: str) -> set[str]:
    """What stands between backticks in the first column of the page's tables, where it fits `pattern`."""
    cells = re.findall(r"^\| `([^`]+)` ", page(name), re.MULTILINE)
    return {cell for cell in cells if re.fullmatch(pattern, cell)}


# Reference: all that exists, and nothing that doesn't.


def test_every_setting_is_in_the_table_with_its_default() -> None:
    text = settings_table.DOCUMENT.read_text(encoding="utf-8")
    assert settings_table.replaced(text) == text, "run: .venv/bin/python -m tools.settings_table"


@pytest.mark.parametrize("name", sorted(OUTSIDE_NAMES))
def test_what_is_read_beside_the_settings_is_explained(name: str) -> None:
    assert f"`{name}`" in page("reference/settings.md")


def test_every_route_is_in_the_reference() -> None:
    documented = {cell.replace("rest/", "rest") if cell.endswith("/rest/") else cell for cell in routes_documented()}
    assert documented == all_routes()


@cache
def app() -> App:
    """Once: Sanic takes a name once in a process."""
    return create_app(Settings(), "unix:///nonexistent")


def all_routes() -> set[str]:
    """`GET /desk/{conversation_id}`, and so on."""
    # HEAD comes with the static files; /api/<path> is what answers 404 for all others.
    return {
        f"{method} {route_path(route.path)}"
        for route in app().router.routes
        for method in route.methods - {"HEAD"}
        if route.name != "vraagbaak.api.unknown"
    }


@pytest.mark.parametrize("name", ["routes", "keys", "events", "errors", "rights"])
def test_nothing_has_two_rows_in_a_table(name: str) -> None:
    for table in re.findall(r"(?:^\|.*\n)+", page(f"reference/{name}.md"), re.MULTILINE):
        cells = re.findall(r"^\| `([^`]+)` ", table, re.MULTILINE)
        assert sorted(cells) == sorted(set(cells))


def routes_documented() -> set[str]:
    return first_cells("reference/routes.md", r"[A-Z]+ /\S*")


def route_path(path: str) -> str:
    """`desk/<conversation_id:str>` as `/desk/{conversation_id}`."""
    return "/" + re.sub(r"<(?:__file_uri__|(\w+)):\w+>", lambda match: "{" + (match[1] or "path") + "}", path)


def test_every_key_is_in_the_reference() -> None:
    assert first_cells("reference/keys.md", r"\{bot\}:\S+") == set(keys())


def keys() -> Iterator[str]:
    named = Keys("bot")
    for name, member in inspect.getmembers(Keys):
        if name.startswith("_") or name == "of_conversation":
            continue
        if isinstance(member, property):
            yield getattr(named, name)
        elif inspect.isfunction(member):
            parameters = list(inspect.signature(member).parameters)[1:]
            yield getattr(named, name)(*(f"<{parameter}>" for parameter in parameters))


def test_every_error_is_in_the_reference() -> None:
    assert first_cells("reference/errors.md", "[a-z_]+") == set(error_codes())


def error_codes() -> Iterator[str]:
    """Read, not imported: one of them lives where Rasa is."""
    for path in SOURCES:
        for node in nodes(path):
            match node:
                case ast.ClassDef(body=body):
                    for line in body:
                        match line:
                            case ast.Assign(targets=[ast.Name(id="code")], value=ast.Constant(value=str(code))):
                                yield code


def test_every_frame_of_the_widgets_socket_is_in_the_reference() -> None:
    from_page = set(typing.get_args(typing.get_type_hints(widget.Frame)["type"]))
    source = inspect.getsource(widget)
    from_server = set(re.findall(r"""_send\(\s*type="(\w+)"|"type": "(\w+)",""", source))
    known = from_page | {name for pair in from_server for name in pair if name}
    sections = page("reference/widget-socket.md").split("## ")
    frames = "".join(section for section in sections if section.startswith("From the "))
    tables = frames.partition("A message, in")[0]
    assert set(re.findall(r"^\| `(\w+)` ", tables, re.MULTILINE)) == known


def test_every_log_event_is_in_the_reference() -> None:
    assert first_cells("reference/events.md", r"[a-z]+\.[a-z_]+") == set(log_events())


def log_events() -> Iterator[str]:
    for path in SOURCES:
        for node in nodes(path):
            match node:
                case ast.Call(func=ast.Attribute(attr=level), args=[event, *_]) if level in LEVELS:
                    names = [part.value for part in ast.walk(event) if isinstance(part, ast.Constant)]
                    yield from (name for name in names if re.fullmatch(r"[a-z]+\.[a-z_]+", str(name)))


def test_every_metric_is_in_the_reference() -> None:
    families = [*Metrics().registry.collect(), *registry_of(Snapshot()).collect()]
    names = [family.name + ("_total" if family.type == "counter" else "") for family in families]
    known = {name for name in names if name.startswith("bot_")}
    assert first_cells("reference/events.md", r"bot_\w+") == known


def test_every_make_target_is_in_the_reference() -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert first_cells("reference/make.md", r"make( [a-z-]+)?") == {"make", *(f"make {target}" for target in targets)}


def test_every_variable_of_an_answer_is_explained() -> None:
    assert first_cells("explanation/answers.md", r"\{\w+\}") == {f"{{{name}}}" for name in VARIABLES}


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_for_a_handoff_is_explained(reason: str) -> None:
    assert f"`{reason}`" in page("explanation/confidence.md")


# Everything that a page names exists.


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code(path)):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), f"{link} does not exist"
        assert not anchor or anchor in anchors(target), f"{link} has no such heading"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_test_that_a_page_names_exists(path: Path) -> None:
    for file, name in re.findall(r"`(tests/\S+\.py)(?:::(\w+))?`", path.read_text(encoding="utf-8")):
        assert (ROOT / file).is_file(), f"{file} does not exist"
        assert not name or re.search(rf"def {name}\(", (ROOT / file).read_text(encoding="utf-8")), (
            f"no {name} in {file}"
        )


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_page_that_the_code_names_exists(path: Path) -> None:
    for name in re.findall(r"docs/[\w/-]+\.md", path.read_text(encoding="utf-8")):
        assert (ROOT / name).is_file(), f"{name} does not exist"


def test_the_index_leads_to_every_page() -> None:
    linked = {(DOCS / link).resolve() for link in re.findall(r"\]\(([^)#\s]+)\)", page("README.md"))}
    assert {path for path in DOCS.rglob("*.md") if path.name != "README.md"} <= linked


def test_the_readmes_first_screen_says_how_to_run_and_test() -> None:
    first_screen = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## ")[0]
    assert "make run" in first_screen and "make test" in first_screen
    assert len(first_screen.splitlines()) <= 40


def without_code(path: Path) -> str:
    return re.sub(r"```.*?```|`[^`\n]*`", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)


def anchors(path: Path) -> set[str]:
    """The anchors that headings get: small letters, hyphens for spaces, the rest left out."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
