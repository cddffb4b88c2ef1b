"""Compile pyproject.toml's dependency groups to requirements/*.txt: `make lock`.

For each group, what is run is
    uv pip compile pyproject.toml --group GROUP --universal --python-version 3.10 --generate-hashes
        --no-emit-index-url [--constraint requirements/LAYER_BELOW.txt] --output-file requirements/GROUP.txt
- universal: one file for Linux and macOS, and for each Python that the environment may have.
- hashes: what is installed is what was tried. No address of a package registry may appear: everybody has their own.
- a test group lies on top of its environment, so it must agree with what that has: hence the constraint.
Versions that still fit are kept; `make lock UPGRADE=--upgrade` takes the newest.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tools.setup.console import SetupError, step
from tools.setup.uv import Uv

ROOT = Path(__file__).resolve().parents[1]
REQUIREMENTS = ROOT / "requirements"
# Group and the layer below it, in the order to compile.
GROUPS = (("web", None), ("test", "web"), ("assistant", None), ("assistant-test", "assistant"), ("tools", None))


def main(arguments: list[str]) -> int:
    try:
        uv = Uv(ROOT).path
        for group, below in GROUPS:
            with step(f"Compiling requirements/{group}.txt"):
                _compile(uv, group, below, arguments)
    except SetupError as exc:
        print(exc, file=sys.stderr)
        return 1
    return 0


def _compile(uv: Path, group: str, below: str | None, arguments: list[str]) -> None:
    output = REQUIREMENTS / f"{group}.txt"
    command = [str(uv), "pip", "compile", "pyproject.toml", "--quiet", "--group", group, "--universal"]
    command += ["--python-version", "3.10", "--generate-hashes", "--no-emit-index-url"]
    command += ["--custom-compile-command", "make lock", "--output-file", str(output.relative_to(ROOT))]
    if below:
        command += ["--constraint", f"requirements/{below}.txt"]
    if subprocess.run([*command, *arguments], cwd=ROOT).returncode != 0:
        raise SetupError(f"requirements/{group}.txt was not compiled; uv's reason is above.")
    address = re.search(r".*://.*", output.read_text())
    if address:
        raise SetupError(f"{output} names an address, and everybody has their own: {address.group().strip()}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
