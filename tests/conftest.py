"""What several test files share: the shipped protocol, and short ways to write an intake down."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count, product
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QApplication

from intake_app import content
from intake_app.core.facts import Findings
from intake_app.core.model import (
    Answer,
    BloodPressure,
    Call,
    CallEnd,
    Escalation,
    EscalationEvent,
    Intake,
    Medication,
    PartialDate,
    Patient,
    Source,
    Stage,
    State,
    Value,
)
from intake_app.core.protocol import Item, Protocol
from tests.pseudo import spoken  # noqa: F401 - a fixture
from tests.vaults import _fast_keys  # noqa: F401 - a fixture for every test
from ui import announce, theme
from ui.app import App
from ui.keys import EmergencyKey
from ui.lock import IdleLock

# A loaded machine is no failure, an example kept from other code says nothing of this one, and the
# same examples come on every machine: red means broken and not unlucky.
hypothesis.settings.register_profile("suite", deadline=None, database=None, derandomize=True)
hypothesis.settings.load_profile("suite")


# Tests open no window on anybody's screen.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
TODAY = NOW.date()
_number = count(1)


@pytest.fixture(autouse=True)
def _windows_are_gone():
    """No window outlives its test, nor what hears the keys: where they pile up, the next change of
    the style is put on all of them, which takes minutes."""
    yield
    app = QCoreApplication.instance()
    if not isinstance(app, QApplication):
        return
    windows = [window for window in app.topLevelWidgets() if window.parent() is None]
    ears = [ear for kind in (App, IdleLock, EmergencyKey) for ear in app.findChildren(kind)]
    for left in (*windows, *ears):
        left.deleteLater()
    app.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    if theme.current(app) != theme.Theme():
        theme.apply(app, theme.Theme())  # now that there is nothing to put it on


@pytest.fixture
def heard(monkeypatch):
    """Every announcement to a screen reader: what is said, and whether it cuts off what is being
    read. Nothing is heard of a widget that nobody sees."""
    found = []

    def keep(event):
        of = event.object()
        if isinstance(event, QAccessibleAnnouncementEvent) and of.isVisible():
            urgent = QAccessible.AnnouncementPoliteness.Assertive
            found.append((event.message(), event.politeness() is urgent))

    monkeypatch.setattr(announce.QAccessible, "updateAccessibility", keep)
    return found


@pytest.fixture(scope="session")
def protocol() -> Protocol:
    return content.build(content.shipped())


def said(
    item: str, value: Value, source: Source = Source.PATIENT_ALONE, *, entry: int = 0
) -> Answer:
    return Answer(
        f"a{next(_number)}", item, State.ANSWERED, value, source, NOW, "coordinator", entry
    )


def unsaid(
    item: str, state: State, source: Source = Source.PATIENT_ALONE, *, entry: int = 0
) -> Answer:
    """Unknown, declined, deferred or not applicable."""
    return Answer(f"a{next(_number)}", item, state, None, source, NOW, "coordinator", entry)


def listed(name: str, **more: object) -> Medication:
    return Medication(f"m{next(_number)}", name, Source.PATIENT_ALONE, NOW, "coordinator", **more)  # type: ignore[arg-type]


def on_the_line(stage: Stage = Stage.CALL) -> Call:
    return Call(f"c-{stage}", stage, "self", NOW, "coordinator")


def ended(stage: Stage = Stage.CALL, how: CallEnd = CallEnd.ENDED) -> Call:
    return replace(on_the_line(stage), ended=NOW, end=how)


def escalated(*moves: str) -> Escalation:
    events = tuple(EscalationEvent(move, NOW, "coordinator") for move in ("raised", *moves))
    return Escalation(f"e{next(_number)}", events)


PATIENT = Patient("p1", "0001", "Test Patient")


def intake(*answers: Answer, **more: object) -> Intake:
    """A first call that is still on the line, unless `more` says otherwise."""
    given = {"calls": (on_the_line(),), **more}
    return Intake("i1", PATIENT, "digest", NOW, answers=answers, **given)  # type: ignore[arg-type]


# Yes/no questions to which a yes is the answer of somebody well.
GOOD_YES = frozenset(
    {
        "can_talk_freely",
        "diagnosed_by_clinician",
        "trial_taken_most_days",
        "fasting_possible",
        "no_driving_agreed",
        "can_stay",
        "treating_clinician",
        "may_contact_clinician",
        "release_signed",
        "escort_stays",
    }
)
# Of an intake in which nothing raises a flag; every other question is a yes/no answered no.
_CLEAN: Mapping[str, Value] = {
    "callback_number": "555 0100",
    "callback_permission": "message_ok",
    "caller_location": "1 Main Street, Springfield",
    "date_of_birth": PartialDate.parse("1985-04-12"),
    "primary_condition": "depression",
    "episode_start": PartialDate.parse("2024-01-10"),
    "last_blood_pressure": BloodPressure(118, 76),
    "blood_pressure_date": PartialDate.parse("2026-11-20"),
    "escort_plan": "named_adult",
    "escort_name": "a friend",
    "other_treatments": ("talking_therapy",),
    "other_treatments_detail": "weekly, two years",
    "other_treatments_helped": "a little",
    "augmentation": ("lithium",),
    "augmentation_detail": "lithium, 2025",
    "snoring_pauses": False,
    "height": 175,
    "weight": 72,
    "treating_clinician_name": "Dr. Example",
    "emergency_contact_person": "a sister",
    "decision_maker": "own_decisions",
    "capacity_judgement": "has_capacity",
    "dissociative_or_personality": "none",
    "drug_screen_result": "as_expected",
    "vitals_date": PartialDate.parse("2026-11-20"),
    "oxygen_saturation": 98,
    "urine_test_date": PartialDate.parse("2026-11-20"),
    "urine_test_result": "normal",
    "release_expiry": PartialDate.parse("2027-11-20"),
    "labs_where": "clinic laboratory",
    "liver_tests_date": PartialDate.parse("2026-11-01"),
    "pdmp_result": "checked_no_concern",
    "msm.severity": "moderate",
    "stopbang.s": False,
    "stopbang.t": False,
    "stopbang.neck": 36,
    "stopbang.sex": "female",
}
# Asked where the diagnosis was not made; the other scales stand behind a yes.
_BEHIND_A_NO = ("mdq",)
_FAILED_TRIAL: Mapping[str, Value] = {
    "trial_dose_mg": Decimal("100"),
    "trial_weeks": 10,
    "trial_taken_most_days": True,
    "trial_improvement_pct": 10,
    "trial_end": "no_benefit",
    "trial_dose_reached": "at_or_above_minimum",
}
TRIALS = (
    {"trial_medicine": "sertraline", "trial_start": PartialDate.parse("2024-02-01")},
    {"trial_medicine": "venlafaxine", "trial_start": PartialDate.parse("2024-09-01")},
)


def clean(protocol: Protocol) -> tuple[Answer, ...]:
    """Answers to every question that is put to somebody whom nothing speaks against."""
    found = []
    for item in protocol.items.values():
        if item.id in protocol.repeated:
            continue
        if item.id in _CLEAN:
            found.append(said(item.id, _CLEAN[item.id]))
        elif item.kind == "yes_no" and (item.when is None or item.id in GOOD_YES):
            found.append(said(item.id, item.id in GOOD_YES))
        elif item.instrument in _BEHIND_A_NO:
            found.append(said(item.id, False if item.kind == "yes_no" else 0))
        elif item.kind == "scale" and (item.when is None or item.instrument == "phq9"):
            found.append(said(item.id, 2 if item.scored and not item.safety else 0))
    for entry, trial in enumerate(TRIALS, start=1):
        values = {**trial, **_FAILED_TRIAL}
        found += [said(item, value, entry=entry) for item, value in values.items()]
    return tuple(found)


def days_ago(days: int) -> PartialDate:
    return PartialDate.parse(date.fromordinal(TODAY.toordinal() - days).isoformat())


SHARED = Path(__file__).parents[2] / "shared"


def shared(path: str) -> Any:
    """A file of facts that is kept beside the checkout and not in it."""
    found = SHARED / path
    if not found.exists():
        pytest.skip(f"{found} is not here: it is kept outside the repository")
    return json.loads(found.read_text("utf-8"))


DATES = ("2026-11-20", "2026-06-01", "2020-02-29", "2009-01-01", "2026", "..2020")
_SOME_VALUES: Mapping[str, list[Value]] = {
    "yes_no": [True, False],
    "blood_pressure": [BloodPressure(118, 76), BloodPressure(165, 95), BloodPressure(190, 110)],
    "number": [0, 5, 17, 40, 100, 180],
    "date": [PartialDate.parse(text) for text in DATES],
    "text": ["some words"],
}


def some_values(item: Item) -> list[Value]:
    """A few values of an item that between them answer it in every way that matters."""
    if item.kind == "multi_choice":
        return [(str(option.code),) for option in item.options]
    if item.limits:
        least, most = item.limits
        return [least, least + 1, most]
    return _SOME_VALUES.get(item.kind) or [option.code for option in item.options]


@dataclass(frozen=True)
class Reached:
    """What has to be known of an intake so that one question is put."""

    answers: tuple[Answer, ...] = ()
    medications: tuple[Medication, ...] = ()
    escalations: tuple[Escalation, ...] = ()


def reach(protocol: Protocol, item: Item) -> Reached | None:
    """Answers that open every gate before `item`; None where a setting of the clinic closes it, or
    where what is known already answers it."""
    known = protocol.takes.get(item.id, "sex") != "sex"
    if known or item.when is None:
        return None if known else Reached()
    result = next((name for name in item.when.names if name in protocol.results), None)
    if result is not None:
        return _with_result(protocol, result)
    if "escalation_open" in item.when.names:
        return Reached(escalations=(escalated(),))
    if {"systolic", "diastolic"} & item.when.names:
        return Reached((said("last_blood_pressure", BloodPressure(190, 110)),))
    tier = next((name for name in item.when.names if name.startswith("medicine_tier_")), None)
    if tier is not None:
        criterion = tier.removeprefix("medicine_tier_")
        name = next(
            drug.generic
            for drug_class in protocol.formulary.classes
            for drug in drug_class.drugs
            if drug_class.criterion == criterion and drug.tier
        )
        return Reached((said("takes_medicines", True),), (listed(name),))
    return _through_gates(protocol, item)


def _with_result(protocol: Protocol, name: str) -> Reached:
    """The scale before this one answered with most: every yes, and the last option."""
    instrument, _result = protocol.results[name]
    asked = [protocol.items[item.id] for item in instrument.items]
    gates = reach(protocol, asked[0])
    assert gates is not None
    most = (said(i.id, True if i.kind == "yes_no" else i.options[-1].code) for i in asked)
    return Reached((*gates.answers, *most))


def _through_gates(protocol: Protocol, item: Item) -> Reached | None:
    assert item.when is not None
    gates = [protocol.by_name[name] for name in item.when.names if name in protocol.by_name]
    for values in product(*map(some_values, gates)):
        chosen = [said(gate.id, value) for gate, value in zip(gates, values, strict=True)]
        for before in (reach(protocol, gate) for gate in gates):
            if before is None:
                return None
            chosen = [*before.answers, *chosen]
        if Findings(intake(*chosen), protocol, TODAY).applicable(item):
            return Reached(tuple(chosen))
    return None
