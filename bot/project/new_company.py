"""`python -m bot.project.new_company FOLDER NAME`: an empty Rasa project for another company.

What every assistant must understand (a greeting, a complaint, somebody who wants a human) is that of this repository's
project; the demo's questions, their answers and its products are left out.
"""

from __future__ import annotations

import argparse
import re
import sys
from dataclasses import replace
from pathlib import Path

from yaml.nodes import Node

from bot.errors import EXIT_CONFIG, BotError, ConfigError
from bot.model import Button, Template
from bot.project.document import Document, Entry
from bot.project.files import NLU, RETIRED
from bot.project.read import Project, read_project
from bot.project.sync import copy_project
from bot.project.write import write_files
from bot.settings import Settings
from bot.store.topics import FAQ_PREFIX, OUT_OF_SCOPE, Topic

DEMO = Path(__file__).resolve().parents[2]
DEMO_NAME = "de Winkel van Sinkel"
PORT = 8081
_HUMAN = Button("Medewerker", "/medewerker_spreken")
# Answers that speak of the demo's questions.
_GENERAL = {
    "utter_groet": (
        "Hallo! Ik ben de digitale assistent van {bedrijf}, een robot dus.\nWaarmee kan ik je helpen?",
        (Button("Wat kun je?", "/wat_kun_je"), _HUMAN),
    ),
    "utter_wat_kun_je": (
        "Ik geef antwoord op vragen die we vaak krijgen. Typ je vraag in je eigen woorden.\n"
        "Weet ik het niet, dan helpt een collega je.",
        (_HUMAN,),
    ),
}
_ENV = """\
# Settings of {name}: docs/reference/settings.md of Vraagbaak lists all.
BOT_COMPANY={name}
BOT_PROJECT={folder}
BOT_VAR={folder}/var
BOT_PORT={port}
# BOT_DEPARTMENT=de klantenservice
# BOT_OPENING_HOURS=ma-vr 9:00-17:00
# BOT_MESSENGER_FILE={folder}/messenger.yml
"""
_README = """\
# {name}

The assistant of {name}: a Rasa project for Vraagbaak. It has no questions yet, and gives everything that it does not
know to a human.

In the folder of Vraagbaak:

```
BOT_ENV_FILE={folder}/.env make run
```

Then add questions in the browser, under *Onderwerpen* or *Importeren* of the editor, train, and go live. Settings are
in `.env`; what the program keeps is in `var/`.

`BOT_ENV_FILE={folder}/.env make export` writes what was done in the browser into these files, to keep them in git.
A folder `actions/` here goes before that of Vraagbaak.
"""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make new-company", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("name", help="of the company, as customers read it")
    options = parser.parse_args(arguments)
    try:
        make_company(options.folder, options.name.strip())
    except BotError as exc:
        print(f"vraagbaak: {exc}", file=sys.stderr)
        return EXIT_CONFIG
    folder = options.folder.absolute()
    print(f"{folder} has an empty project for {options.name.strip()}\nStart it: BOT_ENV_FILE={folder}/.env make run")
    return 0


def make_company(folder: Path, name: str) -> None:
    """Raises ConfigError if the folder is not empty, or the name can't be one."""
    if not 1 <= len(name) <= 60 or not name.isprintable() or name != name.strip("\"' "):
        raise ConfigError("NAME: expected the company's name, of 1 to 60 characters on one line, not in quotes")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"DIR: {folder} is there already, and not empty")
    copy_project(DEMO, folder)
    write_files(_emptied(read_project(folder)), folder)
    (folder / RETIRED).unlink(missing_ok=True)
    _leave_out_products(folder)
    _name_assistant(folder, name)
    values = {"name": name, "folder": folder.absolute(), "port": PORT}
    (folder / ".env").write_text(_ENV.format(**values), encoding="utf-8")
    (folder / "README.md").write_text(_README.format(**values), encoding="utf-8")
    (folder / ".gitignore").write_text(".env\nvar/\n.rasa/\nmodels/\n", encoding="utf-8")
    Settings.load({}, folder / ".env")  # what can't be read must not be found out at the first start


def _emptied(demo: Project) -> Project:
    """With the demo's questions retired, so that no file speaks of them."""
    return Project(tuple(map(_general_topic, demo.topics)), tuple(map(_general_answer, demo.answers)))


def _general_topic(topic: Topic) -> Topic:
    if topic.is_question:
        return replace(topic, is_retired=True)
    # What is not to be answered differs by company: a town hall does renew passports. Without such examples, training
    # finds out by itself what is unlike all topics (docs/explanation/confidence.md).
    if topic.intent == OUT_OF_SCOPE:
        return replace(topic, examples=(), tests=())
    return replace(topic, examples=tuple(one for one in topic.examples if "sinkel" not in one.text.casefold()))


def _general_answer(answer: Template) -> Template:
    if answer.name in _GENERAL:
        text, buttons = _GENERAL[answer.name]
        return replace(answer, text=text, buttons=buttons)
    buttons = tuple(button for button in answer.buttons if not button.payload.startswith("/" + FAQ_PREFIX))
    return replace(answer, text=answer.text.replace(DEMO_NAME, "{bedrijf}"), buttons=buttons)


def _leave_out_products(folder: Path) -> None:
    """The lookup table with its comment, and the item of what has no examples."""
    nlu = Document(folder / NLU)
    node = nlu.required("nlu")

    def is_left_out(item: Node) -> bool:
        fields = nlu.fields(item, "an item")
        return "lookup" in fields or not fields["examples"].value

    entries = [Entry("left out" if is_left_out(entry.node) else "", *entry[1:]) for entry in nlu.entries(node)]
    nlu.rewrite(node, entries, lambda pieces: [piece for piece in pieces if not piece.key])
    (folder / NLU).write_text(nlu.edited(), encoding="utf-8")


def _name_assistant(folder: Path, name: str) -> None:
    config = (folder / "config.yml").read_text(encoding="utf-8")
    slug = re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_") or "assistent"
    named = re.sub(r"^assistant_id: .*$", f"assistant_id: {slug}", config, flags=re.MULTILINE)
    (folder / "config.yml").write_text(named, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
