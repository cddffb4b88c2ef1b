"""`make demo-day`: the product with a day's work in it, to look at; Ctrl-C stops it, and nothing is kept."""

from __future__ import annotations

import signal
import tempfile
from contextlib import suppress
from pathlib import Path

from tools.demo_day.running import running_day
from tools.demo_day.team import PASSWORD
from tools.trained_model import trained_model


def main() -> None:
    print("The model is looked up, or trained; then a day is lived ...", flush=True)
    model = trained_model()
    with tempfile.TemporaryDirectory(prefix="demo-day-") as folder, running_day(Path(folder), model) as day:
        print(f"\n  desk      {day.site.url}/desk\n  customer  {day.site.url}/demo")
        print(f"  answers   {day.site.url}/editor")
        print(f"  sign in   sanne (agent), lotte (editor), meryem (manager), beheer (admin); all with {PASSWORD}\n")
        print("Ctrl-C stops it.", flush=True)
        with suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
