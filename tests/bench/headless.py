"""The first demo call to its PDF in a process without a window: prints the megabytes it ends with.

`python -m tests.bench.headless FOLDER`
"""

from __future__ import annotations

import sys
from pathlib import Path

from intake_app import cases, content, service
from tests.bench.common import PASSWORD, resident_mb, use_fast_keys

CASE = content.RESOURCES / "demo" / "cases" / "1-straightforward.toml"


def run(folder: Path, paper: Path) -> int:
    """Leaves the PDF at `paper`; the number of answers."""
    use_fast_keys()
    case = cases.read(CASE)
    clock = cases.CaseClock(case.today)
    people = [service.NewPerson(each.name, each.roles, PASSWORD) for each in case.staff]
    desk, _key = service.create_vault(folder, case.clinic, people, clock)
    shown = cases.Replay(desk, case, clock, PASSWORD, lambda _what: None).run()
    desk.print_summary(shown.intake.id, paper)
    desk.close()
    return len(shown.intake.answers)


if __name__ == "__main__":
    place = Path(sys.argv[1])
    run(place / "vault", place / "case.pdf")
    if "PySide6" in sys.modules:
        sys.exit("Qt came with it: this figure is for the commands alone")
    print(f"{resident_mb():.0f}")
