"""A file of answer sheets, as public test vectors are written -> the result of each.

Answers are by position. Names, orders and keys of that format stand in one table here; everything
that is decided is decided in the core.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from intake_app import content
from intake_app.core import safety
from intake_app.core.errors import IntakeError, WrongValue
from intake_app.core.instrument import ASQ, SUICIDE_LEVEL, Ends, Instrument, Score, plain, score
from intake_app.core.model import State, Value
from intake_app.core.protocol import Item
from intake_app.core.words import _
from intake_app.questionnaire import Refused, once

Said = Value | State | None
_UNSAID = {
    None: None,
    "refused": State.DECLINED,
    "declined": State.DECLINED,
    "unknown": State.UNKNOWN,
    "not_stated": State.UNKNOWN,
}


@dataclass(frozen=True)
class Sheet:
    """One set of answers, by item id, and the reading of it."""

    instrument: Instrument
    said: Mapping[str, Said]
    score: Score
    missing: tuple[object, ...]

    def item(self, part: str) -> Said:
        return self.said[f"{self.instrument.id}.{part}"]


Key = Callable[[Sheet], object]


@dataclass(frozen=True)
class Scale:
    """`names`: by the name of a place, the part of the item id and what a unit is worth in ours."""

    id: str
    keys: Mapping[str, Key]
    names: Mapping[str, tuple[str, Decimal]] = field(default_factory=dict)


# Keys: a sheet with an answer missing has no number, no band, and as a rule decides nothing -------


def _strict(value: Key) -> Key:
    return lambda sheet: None if sheet.score.missing else value(sheet)


def _number(ends: Ends, digits: int = 9) -> int | float | None:
    """None while the two ends differ."""
    if ends[0] != ends[1]:
        return None
    return round(plain(ends[0]), digits)


def _decided(result: str) -> Key:
    words = {"yes": True, "no": False, None: None}
    return lambda sheet: words[sheet.score.decided(result)]


def _yes(result: str) -> Key:
    return _strict(_decided(result))


def _code(result: str) -> Key:
    return _strict(lambda sheet: sheet.score.decided(result))


def _domain(name: str) -> Key:
    return lambda sheet: _number(sheet.score.domains[name])


def _domains(names: Mapping[str, str]) -> Key:
    return lambda sheet: {key: _domain(name)(sheet) for key, name in names.items()}


def _derived(name: str) -> Key:
    def shown(sheet: Sheet) -> object:
        digits = next(d.digits for d in sheet.instrument.derived if d.name == name)
        return _number(sheet.score.derived[name], digits)

    return _strict(shown)


def _at_least(part: str, limit: int) -> Key:
    """Of one item alone, whatever else is missing."""

    def reached(sheet: Sheet) -> bool | None:
        value = sheet.item(part)
        return value >= limit if isinstance(value, int) else None

    return reached


def _rating(part: str) -> Key:
    def given(sheet: Sheet) -> Said:
        value = sheet.item(part)
        return None if isinstance(value, State) else value

    return given


def _so_far(sheet: Sheet) -> object:
    """What was counted: for one missing answer more, more may come."""
    return plain(sheet.score.least)


def _severity(sheet: Sheet) -> str | None:
    word = sheet.score.severity
    return None if word is None else word.replace(",", "").replace(" ", "_")


def _missing(sheet: Sheet) -> list[object]:
    return list(sheet.missing)


def _complete(sheet: Sheet) -> bool:
    return not sheet.score.missing


def _index(sheet: Sheet) -> object:
    return round(plain(sheet.score.least), 1)


def _gate(sheet: Sheet) -> str:
    gate = sheet.item("gate")
    words = {True: "gate_yes", False: "gate_no"}
    return words[gate] if isinstance(gate, bool) else "gate_open"


def _limit(sheet: Sheet) -> int:
    return 4 if sheet.score.decided("cutoff") == "4" else 3


_total = _strict(_so_far)
_TOTAL: Mapping[str, Key] = {"total": _total, "complete": _complete, "missing": _missing}
_BANDED: Mapping[str, Key] = {**_TOTAL, "severity": _severity}
_ONE = Decimal(1)
# lb * 703 / in2, the formula in use, in kilograms and metres.
_INCH, _POUND = Decimal("0.0254"), 703 * Decimal("0.0254") ** 2


def _named(*pairs: tuple[str, str]) -> Mapping[str, tuple[str, Decimal]]:
    return {name: (part, _ONE) for name, part in pairs}


_APNEA: Mapping[str, Key] = {
    **_TOTAL,
    "risk_by_total": _severity,
    "two_step_high": _decided("two_step"),
    "risk": lambda sheet: sheet.score.decided("risk"),
}
_APNEA_ORDER = {
    **_named(("S", "s"), ("T", "t"), ("O", "o"), ("P", "p")),
    **_named(("bmi", "bmi"), ("age", "age"), ("neck_cm", "neck"), ("sex", "sex")),
}
_STAGES = ("duration", "severity", "failures", "augmentation", "ect")
_QIDS = (
    "sleep", "mood", "appetite_weight", "concentration", "self_view", "suicidality", "interest",
    "energy", "psychomotor",
)  # fmt: skip
_SCREEN_ORDER = _named(
    *((f"q{n}", str(n)) for n in range(1, 6)), ("q6_lifetime", "6"), ("q6_past3mo", "6a")
)

SCALES: Mapping[str, Scale] = {
    "C-SSRS-Screener": Scale("suicide", {}, _SCREEN_ORDER),
    "C-SSRS-Since-Last-Contact": Scale("suicide_since", {}),
    "ASQ": Scale("asq", {}),
    "PHQ-9": Scale(
        "phq9",
        {
            **_BANDED,
            "partial_sum": _so_far,
            "item9_positive": _at_least("9", 1),
            "positive_screen_ge10": _yes("depression_screen"),
            "dsm_algorithm": _code("algorithm"),
        },
    ),
    "GAD-7": Scale("gad7", {**_BANDED, "positive_screen_ge10": _yes("anxiety_screen")}),
    "PHQ-2": Scale("phq2", {**_TOTAL, "positive": _yes("positive")}),
    "GAD-2": Scale("gad2", {**_TOTAL, "positive": _yes("positive")}),
    "QIDS-SR16": Scale(
        "qids16",
        {
            **_BANDED,
            "domains": _domains({name: name for name in _QIDS}),
            "remission_le5": _yes("remission"),
            "item12_positive": _at_least("12", 1),
        },
    ),
    "MADRS": Scale(
        "madrs",
        {
            **_BANDED,
            "remission_le10": _yes("remission"),
            "remission_le12_esketamine_trials": _yes("remission_esketamine"),
            "item10_score": _rating("10"),
        },
    ),
    "PC-PTSD-5": Scale(
        "pcptsd5",
        {
            **_TOTAL,
            "positive_cut3": _yes("positive_3"),
            "positive_cut4": _yes("positive_4"),
            "branch": _gate,
        },
    ),
    "PCL-5": Scale(
        "pcl5",
        {
            **_TOTAL,
            "clusters": _domains({letter: f"cluster_{letter.lower()}" for letter in "BCDE"}),
            "endorsed": _domains({letter: f"endorsed_{letter.lower()}" for letter in "BCDE"}),
            "provisional_dx": _yes("provisional"),
            "cut31": _yes("cut_31"),
            "cut33": _yes("cut_33"),
        },
    ),
    # The format's total is how many were answered yes, also where others are missing.
    "MDQ": Scale("mdq", {**_TOTAL, "total": _so_far, "positive": _decided("positive")}),
    "AUDIT-C": Scale(
        "auditc",
        {
            **_TOTAL,
            "cutoff": _limit,
            "positive": _yes("positive"),
            "positive_va_dod_ge5": _yes("va_action"),
            "all_points_from_q1": _yes("first_only"),
        },
    ),
    "AUDIT": Scale(
        "audit",
        {
            **_BANDED,
            "positive_ge8": _yes("positive"),
            **{name: _domain(name) for name in ("consumption", "dependence", "problems")},
        },
    ),
    "DAST-10": Scale("dast10", {**_BANDED, "positive_ge3": _yes("positive")}),
    "CAGE-AID": Scale(
        "cageaid",
        {**_TOTAL, "positive_ge1": _yes("sensitive"), "positive_ge2": _yes("positive")},
    ),
    "SDS-BZD": Scale("sdsbzd", {**_TOTAL, "positive_ge7": _yes("dependence")}),
    "STOP-Bang": Scale("stopbang", _APNEA, _APNEA_ORDER),
    "WHO-5": Scale(
        "who5",
        {
            **_TOTAL,
            "raw": _total,
            "percent": _derived("percent"),
            "poor_wellbeing": _yes("poor"),
            "low_le28pct": _yes("depression_likely"),
        },
    ),
    "Q-LES-Q-SF": Scale("qlesq", {**_TOTAL, "raw": _total, "percent_max": _derived("percent_max")}),
    "CADSS-6": Scale("cadss6", _TOTAL),
    "MSM": Scale(
        "msm",
        {**_BANDED, "parts": _domains({name: name for name in _STAGES})},
        _named(
            ("duration_months", "duration"),
            ("severity", "severity"),
            ("n_failed_antidepressants", "failures"),
            ("augmentation_used", "augmentation"),
            ("ect_used", "ect"),
        ),
    ),
    "SBQ-R": Scale(
        "sbqr",
        {
            **_TOTAL,
            "positive_general_ge7": _yes("general"),
            "positive_psychiatric_inpatient_ge8": _yes("inpatient"),
        },
    ),
    "BMI": Scale(
        "bmi",
        {
            "bmi": _strict(_index),
            "category": _code("category"),
            "complete": _complete,
            "missing": _missing,
        },
        {
            "kg": ("weight", _ONE),
            "m": ("height", _ONE),
            "lb": ("weight", _POUND),
            "in": ("height", _INCH),
            "cm": ("height", Decimal("0.01")),
        },
    ),
    "DASI": Scale(
        "dasi",
        {
            **_TOTAL,
            "vo2peak": _derived("vo2peak"),
            "mets": _derived("mets"),
            "poor_lt4_mets": _yes("poor"),
            "dasi_le34": _yes("perioperative"),
        },
    ),
}
# Where the format gives the form by a word beside the answers.
_VARIANTS = {("STOP-Bang", "original"): "stopbang_original"}
_DEFAULT_ORDER = {"BMI": ("kg", "m")}


# Reading ------------------------------------------------------------------------------------------


def results(path: Path) -> tuple[dict[str, object], ...]:
    """`id` and `result` of each sheet of a file; raise IntakeError, and then nothing was scored."""
    bundle = content.shipped()
    read = cache(lambda id_: content.instrument(bundle, id_))
    entries = [_Entry(number, row) for number, row in enumerate(_rows(path), start=1)]
    return tuple({"id": entry.id, "result": entry.result(read)} for entry in entries)


def _rows(path: Path) -> list[Any]:
    try:
        whole = json.loads(
            path.read_text("utf-8"),
            object_pairs_hook=once,
            parse_float=Decimal,
            parse_constant=_no_constant,
        )
    except OSError as error:
        template = _("The file cannot be read ({kind}); nothing was scored.")
        raise IntakeError(template.format(kind=type(error).__name__)) from None
    except Refused as twice:
        template = _("The file says {key} twice in one place; nothing was scored.")
        raise IntakeError(template.format(key=twice.where)) from None
    except (ValueError, RecursionError):
        raise IntakeError(_("The file is not JSON in UTF-8; nothing was scored.")) from None
    rows = whole.get("vectors") if isinstance(whole, dict) else whole
    if not isinstance(rows, list):
        raise IntakeError(_("The file has to hold a list of vectors; nothing was scored."))
    return rows


def _no_constant(text: str) -> object:
    raise ValueError(text)


class _Entry:
    """One row of the file. What it says is never repeated in a refusal."""

    def __init__(self, number: int, row: object) -> None:
        self._number = number
        if not isinstance(row, dict):
            raise self._wrong("", _("has to be an object"))
        self.id = row.get("id")
        if not isinstance(self.id, str) or not self.id:
            raise self._wrong("id", _("has to be a text"))
        name = row.get("instrument")
        if not isinstance(name, str) or name not in SCALES:
            raise self._wrong("instrument", _("is not one of {k}").format(k=", ".join(SCALES)))
        self._name = name
        self._scale = SCALES[name]
        answers = row.get("answers")
        if not isinstance(answers, list):
            raise self._wrong("answers", _("has to be a list"))
        self._answers: list[Any] = answers
        context = row.get("context", {})
        self._context = context if context is not None else {}
        if not isinstance(self._context, dict):
            raise self._wrong("context", _("has to be an object"))

    def _wrong(self, place: str, what: str) -> IntakeError:
        template = _("vectors[{number}]{place} {what}; nothing was scored.")
        place = f".{place}" if place else ""
        return IntakeError(template.format(number=self._number, place=place, what=what))

    def result(self, read: Callable[[str], Instrument]) -> dict[str, object]:
        instrument = read(self._instrument_id())
        said = self._said(instrument)
        if instrument.scoring == SUICIDE_LEVEL:
            return _level(instrument, said)
        if instrument.scoring == ASQ:
            return _asq(said)
        found = score(instrument, said, self._sex())
        sheet = Sheet(instrument, said, found, tuple(self._shown(instrument, found.missing)))
        return {
            **{key: read(sheet) for key, read in self._scale.keys.items()},
            "least": plain(found.least),
            "most": plain(found.most),
            "still_possible": {name: list(codes) for name, codes in found.results.items()},
            "contradicted": list(self._shown(instrument, found.contradicted)),
        }

    def _instrument_id(self) -> str:
        variant = self._context.get("variant", "updated")
        if variant not in ("updated", "original"):
            raise self._wrong("context.variant", _("is not one of updated, original"))
        return _VARIANTS.get((self._name, variant), self._scale.id)

    def _sex(self) -> str | None:
        sex = self._context.get("sex")
        if sex is not None and not isinstance(sex, str):
            raise self._wrong("context.sex", _("has to be a text"))
        return sex

    # Answers by position ------------------------------------------------------------------------

    def _said(self, instrument: Instrument) -> dict[str, Said]:
        items = {item.id.partition(".")[2]: item for item in instrument.items}
        order = self._order(instrument)
        if len(self._answers) != len(order):
            raise self._wrong("answers", _("has to be a list of {n}").format(n=len(order)))
        said: dict[str, Said] = {item.id: None for item in items.values()}
        if "trauma_exposure" in self._context and "gate" in items:
            gate = self._context["trauma_exposure"]
            said[items["gate"].id] = self._value(items["gate"], gate, "context.trauma_exposure")
        for place, ((part, worth), raw) in enumerate(
            zip(order, self._answers, strict=True), start=1
        ):
            item = items[part]
            value = raw * worth if worth != 1 and _is_near(raw) else raw
            said[item.id] = self._value(item, value, f"answers[{place}]")
        return said

    def _order(self, instrument: Instrument) -> list[tuple[str, Decimal]]:
        """The part of the item and the worth of a unit, for each place."""
        parts = [item.id.partition(".")[2] for item in instrument.items]
        names = self._scale.names or {part: (part, _ONE) for part in parts}
        given = self._context.get("order")
        if given is not None:
            return self._given_order(given, names)
        if self._name in _DEFAULT_ORDER:
            return [names[name] for name in _DEFAULT_ORDER[self._name]]
        order = list(names.values())
        if "trauma_exposure" in self._context or len(self._answers) < len(order):
            order = [pair for pair in order if pair[0] != "gate"]
        scored = {item.id.partition(".")[2] for item in instrument.scored_items}
        if len(self._answers) < len(order):
            order = [pair for pair in order if pair[0] in scored]
        return order

    def _given_order(
        self, given: object, names: Mapping[str, tuple[str, Decimal]]
    ) -> list[tuple[str, Decimal]]:
        texts = given.partition(";")[0].split(",") if isinstance(given, str) else []
        order = [names.get(text.strip()) for text in texts]
        known = [pair for pair in order if pair is not None]
        if not order or len({part for part, _worth in known}) != len(order):
            template = _("has to name each of {names} once")
            raise self._wrong("context.order", template.format(names=", ".join(names)))
        return known

    def _value(self, item: Item, raw: object, place: str) -> Said:
        if raw is None or (isinstance(raw, str) and raw in _UNSAID):
            return _UNSAID[raw]
        try:
            return item.parse(_as_written(item, raw))
        except WrongValue as error:
            template = _("takes {expected}")
            raise self._wrong(place, template.format(expected=error.expected)) from None

    def _shown(self, instrument: Instrument, ids: tuple[str, ...]) -> Iterator[object]:
        """Places as the format calls them; of two that answer each other, "6/7"."""
        names = {part: name for name, (part, _worth) in self._scale.names.items()}
        done: set[str] = set()
        for id_ in ids:
            group = next((g for g in instrument.either if id_ in g), (id_,))
            if id_ in done:
                continue
            done.update(group)
            parts = [names.get(part, part) for part in (i.partition(".")[2] for i in group)]
            text = "/".join(parts)
            yield int(text) if text.isdecimal() else text


def _is_number(raw: object) -> bool:
    return isinstance(raw, int | Decimal) and not isinstance(raw, bool)


def _is_near(raw: object) -> bool:
    """A number of a size that arithmetic can be done with."""
    return _is_number(raw) and -1_000_000 < raw < 1_000_000  # type: ignore[operator]


def _as_written(item: Item, raw: object) -> object:
    """1 and 0 for yes and no, 2 for the choice "2", 2.0 for 2; the rest as it is."""
    if isinstance(raw, Decimal) and _is_near(raw) and raw == raw.to_integral_value():
        raw = raw if item.kind == "number" else int(raw)
    if item.kind == "yes_no" and _is_number(raw) and raw in (0, 1):
        return raw == 1
    if item.kind == "yes_no" and not isinstance(raw, bool):
        return None
    if item.kind == "choice" and _is_number(raw):
        return str(raw)
    return raw


# Screens ------------------------------------------------------------------------------------------


def _level(instrument: Instrument, said: Mapping[str, Said]) -> dict[str, object]:
    risk = safety.sheet_risk(instrument.items, said)
    reached = risk.level is not safety.Level.NONE_IDENTIFIED
    return {
        "level": risk.word,
        "level_ceiling": risk.ceiling.word,
        "level_is_floor": not risk.complete and reached and risk.level is not safety.Level.HIGH,
        "positive": True if reached else (False if risk.complete else None),
        "complete": risk.complete,
        "inconsistent": risk.inconsistent,
    }


def _asq(said: Mapping[str, Said]) -> dict[str, object]:
    found = safety.asq({id_.partition(".")[2]: value for id_, value in said.items()})
    return {"result": found.word, "positive": found.positive, "ask_q5": found.ask_acuity}
