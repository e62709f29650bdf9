"""compose(case, edition): the intake summary as plain blocks, in the order a clinician reads.

Page one answers "what would stop me, what is unknown, what must I verify?" alone. Nothing that is
open prints as a no, and a partial score never prints as a score. `intake_app.pdf` lays it out.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from textwrap import shorten

from intake_app.core import dosing, opening, panel, review, safety, treatment
from intake_app.core.condition import NOT_APPLICABLE, SomeOf, Span
from intake_app.core.contacts import MOST_TRIES
from intake_app.core.facts import UNKNOWN, Findings, questions
from intake_app.core.instrument import NO, YES, Instrument, Score, plain, shown
from intake_app.core.medication import Match, MatchState
from intake_app.core.model import (
    COUNTS_FOR_A_NO,
    NOT_SAID,
    SELF,
    Answer,
    BloodPressure,
    Call,
    Decision,
    Disposition,
    Due,
    Escalation,
    EscalationEvent,
    FlagReview,
    Intake,
    Medication,
    PartialDate,
    Source,
    Staff,
    Stage,
    State,
    Tier,
    Value,
    relationship_words,
)
from intake_app.core.protocol import KINDS, NONE_OF_THESE, Citation, Criterion, Item, Param
from intake_app.core.safety import Level
from intake_app.core.screening import (
    NOT_ASKED,
    Case,
    Flag,
    FlagState,
    ToObtain,
    aged_words,
    reads,
    sedation_together,
    unexplained,
    why_no_no,
)
from intake_app.core.words import _, _n


@dataclass(frozen=True, slots=True)
class Edition:
    """Where and when a page is made; `on_call` is whom to phone, `staff` gives names by id; after
    `most_tries` in vain a clinician decides."""

    clinic: str
    demo: bool
    on_call: str
    made: datetime
    staff: Mapping[str, str]
    most_tries: int = MOST_TRIES


@dataclass(frozen=True, slots=True)
class Frame:
    """What every page carries: `banner` is urgent now, `history` was, and is told calmly."""

    name: str
    born: str
    record_number: str
    protocol: str
    status: str
    collected: str
    made: str
    clinic: str
    marks: tuple[str, ...]
    banner: str
    history: str
    demo: bool
    notice: str


@dataclass(frozen=True, slots=True)
class Entries:
    """One of the fixed blocks of page one: strongest entry first, so that a cut loses the least.

    `share`: where the page is too small for all, so many lines for each line of another block.
    """

    title: str
    entries: tuple[str, ...]
    share: int = 1


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph; `strong` sets it off."""

    text: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A table. `shares` are relative column widths."""

    columns: tuple[str, ...]
    shares: tuple[int, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    blocks: tuple[Text | Grid, ...]


@dataclass(frozen=True, slots=True)
class Packet:
    frame: Frame
    page_one: tuple[Entries, ...]
    sections: tuple[Section, ...]


def compose(case: Case, edition: Edition) -> Packet:
    pages = _Pages(case, edition)
    return Packet(
        frame=pages.frame(),
        page_one=tuple(block(pages) for block in PAGE_ONE),
        sections=tuple(section(pages) for section in SECTIONS),
    )


def _source_words() -> Mapping[Source, str]:
    return {
        Source.PATIENT_ALONE: _("patient alone"),
        Source.PATIENT_WITH_OTHERS: _("patient, others present"),
        Source.RELATIVE: _("relative"),
        Source.QUALIFIED_INTERPRETER: _("qualified interpreter"),
        Source.AD_HOC_INTERPRETER: _("ad hoc interpreter"),
        Source.REFERRER: _("referrer"),
        Source.RECORD: _("record"),
        Source.TEST: _("test"),
    }


def _due_words() -> Mapping[Due, str]:
    return {
        Due.NOW: _("now"),
        Due.SAME_DAY: _("same day"),
        Due.BEFORE_SCHEDULING: _("before scheduling"),
        Due.BEFORE_FIRST_DOSE: _("before first dose"),
        Due.NONE: _("no time limit"),
    }


def _tier_words() -> Mapping[Tier, str]:
    return {Tier.STOP: _("STOP"), Tier.REVIEW: _("REVIEW"), Tier.NOTE: _("NOTE")}


def _level_names() -> Mapping[str, str]:
    return {
        "high": _("high"),
        "moderate": _("moderate"),
        "low": _("low"),
        "none_identified": _("none identified"),
        "incomplete": _("incomplete"),
    }


def _asked_of() -> Mapping[Stage, str]:
    """Whom a question or a missing thing is asked of."""
    return {
        Stage.CALL: _("caller"),
        Stage.SECOND_CONTACT: _("patient, second contact"),
        Stage.CLINICIAN: _("clinician"),
        Stage.ON_SITE: _("staff, on site"),
        Stage.STAFF_TASK: _("staff"),
    }


def decision_words() -> Mapping[Decision, str]:
    return {
        Decision.ACKNOWLEDGE: _("acknowledged"),
        Decision.NEEDS_INFORMATION: _("needs information"),
        Decision.ACCEPTED_WITH_CONDITION: _("accepted with a condition"),
        Decision.NOT_SUITABLE: _("not suitable"),
    }


def disposition_words() -> Mapping[Disposition, str]:
    return {
        Disposition.EMERGENCY_HANDOFF: _("emergency hand-off"),
        Disposition.SAME_DAY_CLINICIAN: _("clinician the same day"),
        Disposition.NOT_SUITABLE: _("not suitable"),
        Disposition.ON_HOLD: _("on hold"),
        Disposition.CONSULT_TO_BE_BOOKED: _("consult to be booked"),
        Disposition.THIRD_PARTY_REPORT: _("third-party report"),
        Disposition.WITHDRAWN_OR_UNREACHABLE: _("withdrawn or unreachable"),
    }


def _states() -> Mapping[str, str]:
    """How an open answer counts; `reads` says more of a single one."""
    return {
        State.UNKNOWN: _("unknown"),
        State.DECLINED: _("declined"),
        State.DEFERRED: _("ask later"),
        NOT_ASKED: _("not asked"),
        State.NOT_APPLICABLE: _("not applicable"),
    }


def level_words(case: Case) -> str:
    """The suicide-risk level as it may be printed; none is never "no risk"."""
    risk = case.screening.suicide_risk
    names = _level_names()
    text = names[risk.word].upper()
    if risk.word == "none_identified":
        unvalidated = _("no positive answer on an unvalidated screen")
        text = names[risk.word] if case.protocol.wording_is_official else unvalidated
    if risk.ceiling > risk.level:
        text += _("; highest level still possible: {level}").format(level=names[risk.ceiling.word])
    if not risk.complete and risk.word != "incomplete":
        text += _("; screen not complete")
    return text


def banner(case: Case, edition: Edition) -> str:
    """The urgent safety line that repeats on every page, or nothing."""
    standing = safety.open_escalation(case.intake)
    if standing is not None:
        stopped = _(
            "Nothing is scheduled; no letter goes out before a clinician has spoken to the person."
        )
        return f"{_who_was_told(standing, edition)} {stopped}"
    if case.intake.signature is not None:
        return ""
    words = {
        Due.NOW: _("A CLINICIAN IS NEEDED NOW: {what}."),
        Due.SAME_DAY: _("A CLINICIAN IS NEEDED THE SAME DAY: {what}."),
    }
    urgent: dict[Due, list[str]] = {}
    acted_on = _is_acted_on(case)
    for flag in case.screening.flags:
        pressing = flag.due >= Due.SAME_DAY and flag.tier >= Tier.REVIEW
        if pressing and not (acted_on and flag.escalates):
            urgent.setdefault(flag.due, []).append(_pressing(flag))
    return " ".join(
        words[due].format(what="; ".join(dict.fromkeys(urgent[due])))
        for due in sorted(urgent, reverse=True)
    )


def _pressing(flag: Flag) -> str:
    """What is open is not told as reported: nobody may have been asked."""
    label = flag.criterion.label
    if flag.state is FlagState.RAISED:
        return label
    return _("{what} (not settled)").format(what=label)


def _is_acted_on(case: Case) -> bool:
    """Whether a clinician has closed an escalation for all that calls for one."""
    ended = case.intake.escalations and safety.open_escalation(case.intake) is None
    return bool(ended) and not safety.uncovered(case.intake, case.screening.grounds)


def history(case: Case, edition: Edition) -> str:
    """What a banner turns into once a clinician has closed the escalation: it never vanishes."""
    pages = _Pages(case, edition)
    closed = [e for e in case.intake.escalations if not safety.is_open(e)]
    lines = [_how_it_ended(pages, escalation) for escalation in closed]
    ended = closed or case.intake.signature is not None
    if ended and case.screening.suicide_risk.level is Level.HIGH:
        lines.append(_("Suicide-risk level of this intake: {level}.").format(level=_("HIGH")))
    return " ".join(lines)


def _how_it_ended(pages: _Pages, escalation: Escalation) -> str:
    closed = safety.event(escalation, "closed") or escalation.events[-1]
    parts = [
        _("Escalation closed by {by} at {at}").format(
            by=closed.get("by") or pages.who(closed.by), at=pages.minute(closed.at)
        ),
        _outcome(closed),
        _("who has the person: {who}").format(who=closed.get("who_has_the_person")),
        _("next contact: {what}").format(what=closed.get("next_contact") or _("not recorded")),
    ]
    return "; ".join(part for part in parts if part) + "."


def _outcome(closed: EscalationEvent) -> str:
    outcome = closed.get("outcome")
    return panel.outcome_words().get(outcome, _spaced(outcome))


def _who_was_told(escalation: Escalation, edition: Edition) -> str:
    """escalation.md: nothing but "NAME accepted at TIME, read back" takes the first line away.

    `accepted` holds no word of a read-back and needs none: the panel records no acceptance without
    one (`panel.missing_to_accept`), and in a case file the move means both.
    """
    accepted = safety.event(escalation, "accepted")
    if accepted is not None:
        at = accepted.at.astimezone(edition.made.tzinfo).strftime("%H:%M")
        return _("ESCALATION OPEN. {by} accepted at {at}, read back.").format(
            by=accepted.get("by"), at=at
        )
    nobody = _("ESCALATION OPEN, not accepted. This computer has told no one.")
    if edition.on_call:
        return nobody + " " + _("Phone {whom}.").format(whom=edition.on_call)
    alone = _("No clinician is set. Phone emergency services for the person's place.")
    return f"{nobody} {alone}"


class _Pages:
    """What the blocks share: the case in words."""

    def __init__(self, case: Case, edition: Edition) -> None:
        self.case = case
        self.edition = edition
        self.intake: Intake = case.intake
        self.findings = case.screening.findings
        self.sources = _source_words()
        self.dues = _due_words()
        self.tiers = _tier_words()
        self.overheard = _overheard(self.intake)

    # Words ------------------------------------------------------------------------------------

    def day(self, moment: datetime) -> str:
        return moment.astimezone(self.edition.made.tzinfo).strftime("%Y-%m-%d")

    def minute(self, moment: datetime) -> str:
        return moment.astimezone(self.edition.made.tzinfo).strftime("%Y-%m-%d %H:%M")

    def who(self, staff_id: str) -> str:
        return self.edition.staff.get(staff_id, _("unknown staff"))

    def item(self, item_id: str) -> Item | None:
        return self.case.protocol.items.get(item_id)

    def reads(self, item_id: str, entry: int = 0) -> str:
        item = self.item(item_id)
        if item is None:
            return _("not in this protocol")
        return reads(self.at(entry), item)

    def noted(self, item_id: str) -> str:
        """How an item reads, with the note of its latest answer."""
        item = self.item(item_id)
        history = self.findings.history(item) if item else []
        note = history[-1].note if history else ""
        return f"{self.reads(item_id)} ({_short(note)})" if note else self.reads(item_id)

    def at(self, entry: int) -> Findings:
        return self.findings.at(entry) if entry else self.findings

    def source(self, item_id: str, entry: int = 0) -> str:
        item = self.item(item_id)
        history = self.at(entry).history(item) if item else []
        return self.voice(history[-1]) if history else ""

    def voice(self, answer: Answer) -> str:
        """Who gave an answer; not "alone" where somebody listened. What a clinician judges, and
        what staff see, is nobody's word but theirs."""
        item = self.case.protocol.items[answer.item]
        if answer.source is Source.PATIENT_ALONE and item.stage is Stage.CLINICIAN:
            return _by_a_clinician()
        if answer.source is Source.PATIENT_ALONE and item.observed:
            return _seen_by_staff()
        if answer.source not in COUNTS_FOR_A_NO or self.findings.counts_for_a_no(answer):
            return self.sources[answer.source]
        alone = answer.source is Source.PATIENT_ALONE
        return _("{who}, {listened}").format(
            who=_("patient") if alone else self.sources[answer.source],
            listened=_listened(self.overheard),
        )

    def said(self, answer: Answer) -> str:
        """One answer in words, without its source. A no that does not count is no no."""
        item = self.case.protocol.items[answer.item]
        at = self.at(answer.entry)
        own = at.find(item.name).answers
        if own and own[-1] == answer:
            return reads(at, item)
        return self.as_given(item, answer)

    def answered(self, answer: Answer) -> str:
        """One answer with its source and day."""
        item = self.case.protocol.items[answer.item]
        where = f"({self.voice(answer)}, {self.day(answer.at)})"
        text = f"{item.topic or item.ask} {self.said(answer)} {where}"
        return f"{text}: {answer.note}" if answer.note else text

    def as_given(self, item: Item, answer: Answer) -> str:
        """What was said at the time."""
        if answer.value is None:
            return _states()[answer.state].capitalize()
        said = item.label(answer.value)
        counts = item.observed or self.findings.counts_for_a_no(answer)
        if item.safety and not counts and not item.is_yes(answer.value):
            return why_no_no(answer)
        return said

    def together(self, answers: Iterable[Answer]) -> str:
        """Answers of one voice and day share the words for it. A long note begins here and stands
        whole with its answer: on page one every flag that stops is named before it."""
        voices: dict[tuple[str, str], list[str]] = {}
        for answer in answers:
            item = self.case.protocol.items[answer.item]
            text = f"{item.topic or item.ask} {self.said(answer)}"
            begun = shorten(_short(answer.note), _NOTE, placeholder=" …")
            note = f" ({begun})" if begun else ""
            voices.setdefault((self.voice(answer), self.day(answer.at)), []).append(text + note)
        return " ".join(
            f"[{voice}, {day}: {'; '.join(texts)}]" for (voice, day), texts in voices.items()
        )

    def cite(self, citation: Citation) -> str:
        parts = [citation.title, citation.section, citation.year]
        text = ", ".join(part for part in parts if part)
        return f"{text} [{citation.kind}; {citation.checked.replace('_', ' ')}]"

    def threshold(self, param: Param) -> str:
        text = f"{param.name} = {_plain(param.value)} ({param.own_basis or param.basis}"
        if param.confirmed:
            return text + _("; confirmed by {name})").format(name=param.confirmed)
        if param.is_placeholder:
            return text + _("; not confirmed, nobody's number yet)")
        return text + _("; not confirmed by the clinic)")

    # The frame --------------------------------------------------------------------------------

    def frame(self) -> Frame:
        patient, protocol = self.intake.patient, self.case.protocol
        return Frame(
            name=patient.shown,
            born=patient.born.text if patient.born else _("birth date not known"),
            record_number=patient.record_number,
            protocol=f"{protocol.name} {protocol.version} ({protocol.digest[:12]})",
            status=self.status(),
            collected=self.collected(),
            made=self.edition.made.strftime("%Y-%m-%d %H:%M %Z"),
            clinic=self.edition.clinic,
            marks=self.marks(),
            banner=banner(self.case, self.edition),
            history=history(self.case, self.edition),
            demo=self.edition.demo,
            notice=_(
                "Intake summary: screening information, not a treatment decision. Answers are as "
                "reported; none is verified by a clinician unless marked so. Confidential. "
                "Records from a substance-use programme: 42 CFR Part 2 forbids passing them on."
            ),
        )

    def status(self) -> str:
        signature = self.intake.signature
        if signature is not None:
            return _("signed by {name}, {at}").format(
                name=signature.name, at=self.minute(signature.at)
            )
        if self.intake.submitted is not None:
            return _("DRAFT, awaiting review")
        return _("DRAFT")

    def collected(self) -> str:
        names = dict.fromkeys(self.who(answer.by) for answer in self.intake.answers)
        days = sorted({self.day(answer.at) for answer in self.intake.answers})
        if not days:
            return _("nothing collected yet")
        when = _(" to ").join(dict.fromkeys((days[0], days[-1])))
        return _("collected by {names}, {when}").format(names=", ".join(names), when=when)

    def marks(self) -> tuple[str, ...]:
        protocol = self.case.protocol
        marks = []
        if not protocol.is_confirmed:
            marks.append(_("PROTOCOL NOT CONFIRMED"))
        if not protocol.wording_is_official:
            marks.append(_("UNVALIDATED WORDING"))
        return tuple(marks)

    # Groups of answers ------------------------------------------------------------------------

    def latest(self) -> Iterable[tuple[Item, int, Answer]]:
        """The newest answer of every item and entry, in the order of asking."""
        newest: dict[str, dict[int, Answer]] = defaultdict(dict)
        for answer in self.intake.answers:
            newest[answer.item][answer.entry] = answer
        for item in self.case.protocol.items.values():
            for entry, answer in newest[item.id].items():
                yield item, entry, answer

    def flag_line(self, flag: Flag, shown: Container[str]) -> str:
        """One flag in a line or two: the strongest reason and what was said.

        The answers of the suicide-risk screen stand above; here only what was said with them.
        """
        screen = self.case.protocol.suicide_screen
        said = self.together(
            answer
            for answer in flag.answers
            if answer.id not in shown
            and (answer.note or self.case.protocol.items[answer.item].instrument != screen)
        )
        head = f"{self.dues[flag.due].upper()}: {flag.criterion.label}. {self.reasons(flag)[0]}"
        return f"{head} {said}".strip()

    def reasons(self, flag: Flag) -> list[str]:
        """Why a flag stands; what a reason says no of reads as what it is while it is open."""
        plain = flag.criterion.rules[-1].reason
        detail, open_reason = _while_open().get(flag.criterion.id, ("", ""))
        item = self.item(detail)
        if item is None or not self.is_open(item):
            return list(flag.reasons)
        told = open_reason.format(how=self.reads(detail))
        return [told if reason == plain else reason for reason in flag.reasons]

    def is_open(self, item: Item, entry: int = 0) -> bool:
        value = self.at(entry).read(item.name)
        return value is None or isinstance(value, SomeOf)

    def open_line(self, flag: Flag) -> str:
        """The questions that keep a flag from being settled, by how they read."""
        at = self.at(int(flag.key.partition("#")[2] or 0))
        groups: dict[str, list[str]] = {}
        for id_ in () if flag.past else flag.items:
            item = self.case.protocol.items[id_]
            if self.is_open(item, at.entry) or isinstance(at.read(item.name), PartialDate):
                groups.setdefault(reads(at, item), []).append(item.topic or item.ask)
        text = ". ".join(f"{how}: {', '.join(which)}" for how, which in groups.items())
        head = f"{self.dues[flag.due].upper()}: {flag.criterion.label}."
        return f"{head} {text or self.reasons(flag)[-1]}"


def _while_open() -> Mapping[str, tuple[str, str]]:
    """By criterion: what its last rule takes for a no, and its reason while that is open."""
    return {
        "harm_to_others": (
            "harm_detail",
            _(
                "Thoughts of harming another person: a clinician the same day. Intention, plan, "
                "person or child at risk: {how}."
            ),
        ),
        "active_mania": (
            "little_need_for_sleep",
            _("More energy than usual. Little need for sleep: {how}."),
        ),
    }


_NOTE = 160  # characters of a note on page one


def _short(note: str) -> str:
    """A note that stands inside a sentence."""
    return note.strip().rstrip(".")


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(part) for part in value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value)


def _spaced(name: str) -> str:
    return name.replace("_", " ")


# Page one ---------------------------------------------------------------------------------------


def _identity(pages: _Pages) -> Entries:
    patient = pages.intake.patient
    phone = _("{phone} ({permission})").format(
        phone=pages.reads("callback_number"), permission=pages.reads("callback_permission")
    )
    return Entries(
        _("1 Identity"),
        (
            _("{name}, born {born}, age {age}, record {number}, sex {sex}").format(
                name=patient.shown,
                born=patient.born.text if patient.born else _("not known"),
                age=_age(pages),
                number=patient.record_number,
                sex=_sexes().get(patient.sex or "", _("not stated")),
            ),
            *_another_birth_date(pages),
            _("Phone: {phone}").format(phone=_own(pages, "phone", "callback_number", phone)),
            _("At the call: {where}").format(
                where=_own(pages, "where", "caller_location", pages.reads("caller_location"))
            ),
            _("Emergency contact: {who}").format(who=pages.reads("emergency_contact_person")),
        ),
    )


def _another_birth_date(pages: _Pages) -> list[str]:
    """What was told where it cannot be the registered date: it may be another's record."""
    found, born = pages.findings.find("birth_date_differs"), pages.intake.patient.born
    if found.value is not True or born is None:
        return []
    told = ", ".join(f"{pages.said(answer)} ({pages.voice(answer)})" for answer in found.answers)
    text = _(
        "Birth date DIFFERS: registered {born}, told {told}: make sure this is the right record"
    )
    return [text.format(born=born.text, told=told)]


def _own(pages: _Pages, field: str, item_id: str, told: str) -> str:
    """A place or a phone of the person: help goes there, and the caller may be elsewhere."""
    kept = panel.person(pages.case).get(field, "")
    caller = _caller(pages, item_id)
    if caller == SELF and kept in ("", pages.reads(item_id)):
        return _in_its_county(pages, field, told)
    kept = _in_its_county(pages, field, kept or _("not known yet"))
    if caller == SELF:
        return _("{told}; in the escalation: {kept}").format(told=told, kept=kept)
    who = relationship_words().get(caller, caller) or _("not said who")
    return _("{own}; the caller's ({who}): {told}").format(own=kept, who=who, told=told)


def _in_its_county(pages: _Pages, field: str, place: str) -> str:
    county = panel.person(pages.case).get("county") if field == "where" else ""
    return f"{place}, {county}" if county and county not in place else place


def _caller(pages: _Pages, item_id: str) -> str:
    """Who told a place or a phone as their own, as seen from the person; the registry's are theirs.

    An escalation that says of its call that somebody else was on the line is believed.
    """
    item = pages.item(item_id)
    told = pages.findings.history(item)[-1:] if item else ()
    if not pages.intake.calls or (told and told[0].source is Source.RECORD):
        return SELF
    call = _call_at(pages, told[0].at) if told else pages.intake.calls[-1]
    standing = panel.standing(pages.case)
    if call.relationship != SELF or standing is None or not panel.about_another(pages.case):
        return call.relationship
    return NOT_SAID if _call_at(pages, standing.events[0].at) is call else SELF


def _call_at(pages: _Pages, moment: datetime) -> Call:
    """The call that was open, or was last, at a time."""
    calls = pages.intake.calls
    return next((call for call in reversed(calls) if call.started <= moment), calls[0])


def _sexes() -> Mapping[str, str]:
    return {"female": _("female"), "male": _("male")}


def _age(pages: _Pages) -> str:
    age = pages.findings.read("age_years")
    if not isinstance(age, int):
        return _("not known exactly")
    differs = pages.findings.read("birth_date_differs") is True
    return _("{age} by the date told").format(age=age) if differs else str(age)


def _suicide(pages: _Pages) -> Entries:
    return Entries(
        _("2 Suicide-risk screen"),
        (
            *_level_and_escalation(pages),
            *_mood(pages),
            *_screen_answers(pages),
            *_behaviour(pages),
            _means(pages),
            _wording(pages),
        ),
        share=2,
    )


def _level_and_escalation(pages: _Pages) -> list[str]:
    level = _("Level: {level}").format(level=level_words(pages.case))
    if not pages.intake.escalations:
        return [_("{level}. Escalation: none raised").format(level=level)]
    return [level, *(line for e in _latest_first(pages) for line in _of_escalation(pages, e))]


def _latest_first(pages: _Pages) -> tuple[Escalation, ...]:
    """One that was closed stands behind the one that is open."""
    return tuple(reversed(pages.intake.escalations))


def _of_escalation(pages: _Pages, escalation: Escalation) -> tuple[str, str]:
    """Of the latest alone who has the person now; what an earlier one ended with is past."""
    words = _("Who has the person now: {who}")
    if escalation is not pages.intake.escalations[-1]:
        words = _("An earlier escalation, past; at its end the person was with: {who}")
    return words.format(who=_who_has(pages, escalation)), _what_became(pages, escalation)


_ASKED_OF_ALL = "phq9_9"  # a clinician need not rate


def _mood_items() -> Mapping[str, str]:
    """By name, what is said of the question of a mood scale on thoughts of death or self-harm."""
    return {
        _ASKED_OF_ALL: _("Mood item 9: {told}"),
        "madrs_10": _("Suicidal thoughts, rated by a clinician, 0 to 6: {told}"),
    }


def _mood(pages: _Pages) -> list[str]:
    """A screen without a yes is not the whole: these items of mood scales may say otherwise."""
    told = [line for name, line in _mood_items().items() for line in _mood_item(pages, name, line)]
    return [*told[:-1], told[-1] + _how_mood_counts(pages)] if told else []


def _mood_item(pages: _Pages, name: str, line: str) -> list[str]:
    item = pages.case.protocol.by_name.get(name)
    left_out = name == _ASKED_OF_ALL and pages.findings.find(name).openness >= UNKNOWN
    if item is None or not (pages.findings.history(item) or left_out):
        return []
    answers = pages.findings.find(name).answers
    given = (f"{pages.as_given(item, a)} ({pages.voice(a)}, {pages.day(a.at)})" for a in answers)
    told = _("; later ").join(given) or pages.reads(item.id)
    return [line.format(told=told)]


def _how_mood_counts(pages: _Pages) -> str:
    """By the protocol's own rule on the item beside a screen that identified nothing."""
    rules = (rule for criterion in pages.case.protocol.criteria for rule in criterion.rules)
    beside = (rule for rule in rules if {"phq9_item9_open", "suicide_level"} <= rule.when.names)
    if not any(rule.when.decide(pages.findings.read) is True for rule in beside):
        return ""
    if pages.case.screening.suicide_risk.complete:
        return _("; answers differ from the screen, handled as moderate")
    return _("; handled as moderate")


def _who_has(pages: _Pages, escalation: Escalation) -> str:
    """Whoever accepted has heard of it; the person is theirs once it is taken over."""
    closed = safety.event(escalation, "closed")
    if closed:
        return closed.get("who_has_the_person")
    over = safety.event(escalation, "taken_over")
    if over:
        return over.get("by")
    if pages.intake.live_call is None:
        return _("NOBODY YET, and no call is open")
    return _("NOBODY YET; staff stay on the line")


def _what_became(pages: _Pages, escalation: Escalation) -> str:
    raised = escalation.events[0]
    parts = [_("raised {at}").format(at=pages.minute(raised.at))]
    templates = {
        "accepted": _("accepted {at} by {by}, read back"),
        "taken_over": _("taken over {at} by {by}"),
        "closed": _("closed {at} by {by}"),
    }
    for move, template in templates.items():
        happened = safety.event(escalation, move)
        if happened:
            by = happened.get("by") or pages.who(happened.by)
            parts.append(template.format(at=pages.minute(happened.at), by=by))
            parts += filter(None, [_outcome(happened)])
    if safety.event(escalation, "accepted") is None:
        parts.append(_("NOT ACCEPTED"))
    word = _("Escalation OPEN: {what}") if safety.is_open(escalation) else _("Escalation: {what}")
    return word.format(what="; ".join(parts))


def _screen_answers(pages: _Pages) -> list[str]:
    """Yes first, then what is open, then no: each group with who answered."""
    groups: dict[tuple[int, str], list[str]] = {}
    for item in _screen(pages):
        found = pages.findings.find(item.name)
        said, source = _briefly(pages, item), pages.source(item.id)
        how = f"{said} ({source})" if source else said
        topic = f"{item.id.partition('.')[2]} {item.topic}"
        groups.setdefault((_order(found.value), how), []).append(topic)
    ranked = sorted(groups.items(), key=lambda group: group[0][0])
    return [f"{how}: {', '.join(topics)}" for (_rank, how), topics in ranked]


def _screen(pages: _Pages) -> tuple[Item, ...]:
    return pages.case.protocol.instruments[pages.case.protocol.suicide_screen].items


def _briefly(pages: _Pages, item: Item) -> str:
    found = pages.findings.find(item.name)
    uncounted = found.value is None and any(a.value is not None for a in found.answers)
    return _("Unknown, repeat with the patient") if uncounted else pages.reads(item.id)


def _order(value: object) -> int:
    if value is None:
        return 1
    return {True: 0, False: 2}[value] if isinstance(value, bool) else 3


def _behaviour(pages: _Pages) -> list[str]:
    """When the last attempt or preparation was; what was said of it stands with the flag."""
    told = any(found.value is True for found in pages.findings.telling("behaviour"))
    dates = [i for i in _screen(pages) if i.tells_of("recent") and not i.tells_of("behaviour")]
    line = _("Last behaviour, within three months: {answer}")
    return [line.format(answer=pages.noted(item.id)) for item in dates if told]


def _means(pages: _Pages) -> str:
    """Of the questions, and of what the panel holds of the person at risk."""
    known: dict[str, str] = {}
    for escalation in pages.intake.escalations:
        known |= safety.person_at_risk(escalation)
    told = {field: _told_of(pages, known, field) for field in panel.ASKED}
    items = [pages.item(id_) for id_ in panel.ASKED.values()]
    unasked = all(i is not None and pages.findings.applicable(i) is False for i in items)
    if unasked and not any(told.values()):
        return _("Means, firearm, company: not asked; they are asked only in an escalation")
    said = {field: told[field] or pages.reads(id_) for field, id_ in panel.ASKED.items()}
    return _(
        "Done already today: {done_already}. Means within reach: {means}. Firearm: {firearm}. "
        "With whom: {company}"
    ).format(**said)


def _told_of(pages: _Pages, known: Mapping[str, str], field: str) -> str:
    """What the panel holds of a field, with its note, beside the answer where one was given."""
    kept, id_ = known.get(field, ""), panel.ASKED[field]
    words = dict(panel.choices(pages.case, field)).get(kept, kept)
    note = known.get(_NOTES.get(field, ""), "")
    said = ": ".join(part for part in (words, note) if part)
    item = pages.item(id_)
    if not said or item is None or not pages.findings.history(item):
        return said
    answer = pages.reads(id_)
    return (
        answer
        if said == answer
        else _("{answer}; on the panel: {said}").format(answer=answer, said=said)
    )


_NOTES = {"done_already": "done_note", "company": "company_note"}


def _wording(pages: _Pages) -> str:
    scale = pages.case.protocol.instruments[pages.case.protocol.suicide_screen].official_name
    asked = [a.at for item in _screen(pages) for a in pages.findings.history(item)]
    when = _("not asked")
    if asked:
        last = max(asked)
        age = (pages.case.today - last.astimezone(pages.edition.made.tzinfo).date()).days
        template = _n("last asked {day}, {age} day ago", "last asked {day}, {age} days ago", age)
        when = template.format(day=pages.day(last), age=age)
    if pages.case.protocol.wording_is_official:
        return _("Screen {when}; official wording of {scale}").format(when=when, scale=scale)
    return _("Screen {when}; built-in wording, unvalidated; topics of {scale}").format(
        when=when, scale=scale
    )


def _stops(pages: _Pages) -> Entries:
    """No answer stands under two flags here; the table of flags has them all."""
    lines: list[str] = []
    shown: set[str] = set()
    for flag in pages.case.screening.flags:
        if flag.tier is Tier.STOP and flag.state is FlagState.RAISED:
            lines.append(pages.flag_line(flag, shown))
            shown |= {answer.id for answer in flag.answers}
    return Entries(_("3 Stop: reported"), tuple(lines) or (_("None raised by the answers given."),))


def _stop_unknowns(pages: _Pages) -> Entries:
    lines = [
        pages.open_line(flag)
        for flag in pages.case.screening.flags
        if _can_stop(flag.criterion) and (flag.state is FlagState.UNRESOLVED or flag.stronger_open)
    ]
    undecided = _undecided_stops(pages)
    asked = [f"{c.label} ({how})" for c in undecided if (how := _asked_in_vain(pages, c))]
    if asked:
        lines.append(_("ASKED, STILL OPEN: {which}").format(which="; ".join(asked)))
    if not lines:
        lines.append(_("None among the questions asked."))
    not_asked = [c.label for c in undecided if not _asked_in_vain(pages, c)]
    if len(not_asked) > _FEW:
        text = _n(
            "NOT ASKED YET: {count} subject that could stop, named at the end of the answers",
            "NOT ASKED YET: {count} subjects that could stop, named at the end of the answers",
            len(not_asked),
        )
        lines.append(text.format(count=len(not_asked)))
    elif not_asked:
        lines.append(_("NOT ASKED YET: {which}").format(which="; ".join(not_asked)))
    return Entries(_("4 Stop: unknown or declined"), tuple(lines))


_FEW = 6  # so many names fit in two lines


def _can_stop(criterion: Criterion) -> bool:
    return any(rule.tier is Tier.STOP for rule in criterion.rules)


def _undecided_stops(pages: _Pages) -> list[Criterion]:
    """What could stop, raises nothing and is not settled."""
    flagged = {flag.criterion.id for flag in pages.case.screening.flags}
    return [
        criterion
        for criterion in pages.case.protocol.criteria
        if criterion.for_each is None and criterion.id not in flagged
        if any(
            rule.tier is Tier.STOP and rule.when.decide(pages.findings.read) is None
            for rule in criterion.rules
        )
    ]


def _asked_in_vain(pages: _Pages, criterion: Criterion) -> str:
    """How the questions of a criterion read that were put and are open, "ask later" with them."""
    put = (i for i in criterion.items if pages.findings.history(i) and pages.is_open(i))
    return "; ".join(dict.fromkeys(pages.reads(item.id) for item in put))


def counts(case: Case) -> Mapping[str, int]:
    """How many questions stand in each open state, and how many do not apply; what another
    question answers is counted there."""
    found = Counter(question.state for question in case.screening.unanswered)
    apart = {*case.protocol.repeated, *case.protocol.takes}
    return {
        State.UNKNOWN: found[State.UNKNOWN],
        State.DECLINED: found[State.DECLINED],
        State.DEFERRED: found[State.DEFERRED],
        NOT_ASKED: found[NOT_ASKED],
        State.NOT_APPLICABLE: sum(
            case.screening.findings.read(item.name) is NOT_APPLICABLE
            for item in case.protocol.items.values()
            if item.id not in apart
        ),
    }


def _counts(pages: _Pages) -> Entries:
    words = _states()
    line = ", ".join(f"{words[state]} {n}" for state, n in counts(pages.case).items())
    decided = (review.standing(pages.intake, flag) for flag in pages.case.screening.flags)
    overridden = sum(
        found is not None and found.decision is Decision.ACCEPTED_WITH_CONDITION
        for found in decided
    )
    accepted = _("overridden {count}").format(count=overridden)
    return Entries(_("5 Counts"), (f"{line}, {accepted}", _placeholders(pages)))


def _placeholders(pages: _Pages) -> str:
    used = dict.fromkeys(
        _("{name} {value}").format(name=_spaced(param.name), value=_plain(param.value))
        for flag in pages.case.screening.flags
        for param in flag.params
        if param.is_placeholder and param.confirmed is None
    )
    count = len(pages.case.protocol.unconfirmed)
    text = _n(
        "{count} threshold is a placeholder, nobody's number yet",
        "{count} thresholds are placeholders, nobody's number yet",
        count,
    ).format(count=count)
    if not used:
        return text
    return text + _("; used by flags here: {used}").format(used=", ".join(used))


def _pressure(pages: _Pages) -> str:
    reading = pages.findings.read("last_blood_pressure")
    if not isinstance(reading, BloodPressure):
        return pages.reads("last_blood_pressure")
    when = pages.findings.read("blood_pressure_date")
    source = pages.source("last_blood_pressure")
    if isinstance(when, PartialDate):
        template = _("{reading} mmHg, {dated} ({source})")
        text = template.format(reading=reading, dated=when.text, source=source)
    else:
        template = _("{reading} mmHg ({source}); its date: {answer}")
        answer = pages.reads("blood_pressure_date")
        text = template.format(reading=reading, source=source, answer=answer)
    item = pages.item("last_blood_pressure")
    age = aged_words(pages.findings, item) if item else ""
    return f"{text}; {age}" if age else text


def _measures(pages: _Pages) -> Entries:
    pressure = _("Blood pressure: {reading}").format(reading=_pressure(pages))
    together = "; ".join(_with_state(flag) for flag in sedation_together(pages.case))
    sedation = (_("Sedation adds up: {what}").format(what=together),) if together else ()
    return Entries(
        _("6 Pressure, pregnancy, medicines"),
        (pressure, *sedation, *_medicine_lines(pages), _pregnancy(pages)),
    )


def _with_state(flag: Flag) -> str:
    open_ = flag.state is FlagState.UNRESOLVED
    return flag.criterion.label + (_(" (open)") if open_ else "")


def _pregnancy(pages: _Pages) -> str:
    asked = pages.findings.read("pregnancy_relevant")
    if asked is not True:
        return _("Pregnancy possible, or within a year: {answer}").format(
            answer=pages.noted("pregnancy_relevant")
        )
    return _("Pregnancy possible: {possible}; known: {known}").format(
        possible=pages.noted("could_be_pregnant"), known=pages.noted("pregnant_now")
    )


def _medicine_lines(pages: _Pages) -> list[str]:
    if not pages.intake.medications:
        said = pages.reads("takes_medicines")
        return [_("Takes medicines: {answer}; none listed").format(answer=said)]
    matched = [(m, pages.case.protocol.formulary.match(m)) for m in pages.intake.medications]
    ranked = [(_worst(pages, match) or 0, medication.name) for medication, match in matched]
    strong = [
        f"{pages.tiers[Tier(tier)]} {name}"
        for tier, name in sorted(ranked, key=lambda pair: -pair[0])
        if tier > Tier.NOTE
    ]
    strange = [m.name for m, match in matched if match.state is MatchState.NOT_CHECKED]
    unknown = _("Medicines not identified: {count}").format(count=len(strange))
    return [
        _("Medicines that matter most: {names}").format(
            names=", ".join(strong) or _("none of those identified")
        ),
        f"{unknown} ({'; '.join(strange)})" if strange else unknown,
        *_unexplained(pages),
        _n(
            "{count} medicine listed; is that all: {answer}",
            "{count} medicines listed; is that all: {answer}",
            len(matched),
        ).format(count=len(matched), answer=pages.reads("medicine_list_complete")),
    ]


def _unexplained(pages: _Pages) -> list[str]:
    found = [(m.name, unexplained(pages.case, m)) for m in pages.intake.medications]
    named = [f"{name} ({'; '.join(c.label for c in of)})" for name, of in found if of]
    template = _("Ask what it is taken for, no answer speaks of it: {names}")
    return [template.format(names=", ".join(named))] if named else []


def _worst(pages: _Pages, match: Match) -> Tier | None:
    protocol = pages.case.protocol
    tiers = [
        hit.tier(protocol.route)
        for hit in match.interactions
        if hit.drug_class.applies_to in ("both", protocol.drug)
    ]
    return max((tier for tier in tiers if tier is not None), default=None)


def _parts() -> Mapping[str, str]:
    return {
        "absolute_contraindication": _("history"),
        "relative_contraindication": _("history"),
        "caution": _("history"),
        "eligibility": _("diagnosis and treatments"),
        "logistics_safety": _("the call and logistics"),
        "medication_interaction": _("medicines"),
        "pretreatment_test": _("tests"),
    }


def _part(pages: _Pages, item: Item) -> str:
    if item.instrument:
        return pages.case.protocol.instruments[item.instrument].title
    group = pages.case.protocol.by_criterion[item.criterion].group
    return _parts().get(group, _("other questions"))


# The questions that say whether anybody listens, with the answer that rules it out.
_ALONE = {"can_talk_freely": True, "listener_present": False}


def _overheard(intake: Intake) -> tuple[Answer, ...]:
    """What was said of others who listened, or may have."""
    return tuple(
        answer
        for answer in intake.answers
        if answer.item in _ALONE and answer.state is not State.DEFERRED
        if answer.value is not _ALONE[answer.item]
    )


def _by_a_clinician() -> str:
    return _("clinician")


def _seen_by_staff() -> str:
    return _("seen by staff")


def _listened(overheard: Iterable[Answer]) -> str:
    if any(answer.item == "listener_present" and answer.value is True for answer in overheard):
        return _("somebody listened")
    return _("somebody may have listened")


def _who_else(pages: _Pages) -> list[str]:
    """That somebody was there beside whoever answered, and what staff noted of it."""
    if not pages.overheard:
        return []
    listened = _("Who else was there: {who}").format(who=_listened(pages.overheard))
    notes = dict.fromkeys(_short(answer.note) for answer in pages.overheard if answer.note)
    return [f"{listened} ({'; '.join(notes)})" if notes else listened]


def _voices(pages: _Pages) -> Entries:
    """Who spoke for or beside the person, and in which parts."""
    own = {pages.sources[s] for s in (Source.PATIENT_ALONE, Source.RECORD, Source.TEST)}
    own |= {_by_a_clinician(), _seen_by_staff()}
    parts: dict[str, Counter[str]] = {}
    for item, _entry, answer in pages.latest():
        parts.setdefault(pages.voice(answer), Counter())[_part(pages, item)] += 1
    for medication in pages.intake.medications:
        parts.setdefault(pages.sources[medication.source], Counter())[_("medicines")] += 1
    lines = [
        _("{who}: {parts}").format(
            who=voice,
            parts=", ".join(f"{part} {count}" for part, count in counted.items()),
        )
        for voice, counted in parts.items()
        if voice not in own
    ]
    who_called = (call.relationship or _("not said who") for call in pages.intake.calls)
    callers = dict.fromkeys(who_called)
    caller = _("Caller: {who}").format(who=", ".join(callers) or _("no call on record"))
    if pages.overheard:
        caller += "; " + _listened(pages.overheard)
    opened = _settled(pages)
    alone = _(
        "All answers from the patient alone, a record, a test, a clinician, or what staff saw."
    )
    if not parts:
        alone = _("No answers yet.")
    return Entries(_("7 Who answered"), (caller, opened, *(lines or (alone,))))


# Consent to record is asked at each of these, the rest of the opening at the first alone.
_RECORDED = (Stage.CALL, Stage.SECOND_CONTACT)


def _settled(pages: _Pages) -> str:
    """What was said at the opening; of recording, at each kind of contact that took place."""
    intake, asked_of = pages.intake, _asked_of()

    def told(what: str, stage: Stage = Stage.CALL) -> str:
        known = opening.settled_words()[what]
        return known.get(opening.settled(intake, what, stage), _("not asked"))

    held = {call.stage for call in intake.calls} | {Stage.CALL}
    stages = [stage for stage in _RECORDED if stage in held]
    parts = [_("Language: {said}").format(said=told(opening.LANGUAGE))]
    for stage in stages:
        template = _("Recording: {said}") if len(stages) == 1 else _("Recording, {whom}: {said}")
        parts.append(template.format(whom=asked_of[stage], said=told(opening.RECORDING, stage)))
    back = opening.settled(intake, opening.READ_BACK)
    parts.append(_("Call-back number: read back") if back else _("Call-back number: not read back"))
    return ". ".join(parts)


def _to_obtain(pages: _Pages) -> Entries:
    """One line for each due and each person who is asked."""
    lines: dict[tuple[Due, str], list[str]] = {}
    for wanted in sorted(pages.case.screening.to_obtain, key=lambda w: -w.due):
        lines.setdefault((wanted.due, _whom(pages, wanted)), []).append(_wanted(pages, wanted))
    entries = tuple(
        f"{pages.dues[due].upper()}, {whom}: {'; '.join(labels)}"
        for (due, whom), labels in lines.items()
    )
    return Entries(_("8 To obtain"), entries or (_("Nothing on the list."),))


def _whom(pages: _Pages, wanted: ToObtain) -> str:
    criterion = pages.case.protocol.by_criterion.get(wanted.id.partition("#")[0])
    return _asked_of()[criterion.stage] if criterion else _("clinic")


# Groups whose labels name what would be found, and would read as found: their questions stand
# instead. A label of `_TO_SETTLE` is a question itself; the others name what is to be had.
_TO_FIND = ("absolute_contraindication", "relative_contraindication", "caution")
_TO_SETTLE = ("eligibility", "medication_interaction")


def _wanted(pages: _Pages, wanted: ToObtain) -> str:
    """What is missing, never in words that read as a finding."""
    criterion = pages.case.protocol.by_criterion.get(wanted.id.partition("#")[0])
    if wanted.why or criterion is None or criterion.group not in (*_TO_FIND, *_TO_SETTLE):
        return wanted.text
    if criterion.group in _TO_SETTLE:
        return f"{wanted.label}?"
    at = pages.at(int(wanted.id.partition("#")[2] or 0))
    items = [pages.case.protocol.items[id_] for id_ in wanted.items]
    asked = [item for item in items if at.applicable(item) is True] or items
    texts = list(dict.fromkeys(_question(pages, item, at) for item in asked))
    shown, more = " ".join(texts[:_QUESTIONS]), len(texts) - _QUESTIONS
    return (
        _("{questions} ({count} more)").format(questions=shown, count=more) if more > 0 else shown
    )


_QUESTIONS = 2  # so many say what a criterion is about
_ASIDE = re.compile(r"\s*\((?:staff|clinician)\)$")  # whom an item asks stands before it


def _question(pages: _Pages, item: Item, at: Findings) -> str:
    """As it is asked; a detail with the answered question that it belongs to."""
    ask = _ASIDE.sub("", item.ask)
    ask = ask if ask.endswith("?") else f"{ask}?"
    by_name = pages.case.protocol.by_name
    names = item.when.names if item.when else ()
    gates = [by_name[q] for name in sorted(names) for q in questions(name, by_name)]
    gate = next(
        (g for g in gates if g.criterion == item.criterion and at.find(g.name).answers), None
    )
    return f"{_ASIDE.sub('', gate.ask)} {ask}" if gate else ask


PAGE_ONE: tuple[Callable[[_Pages], Entries], ...] = (
    _identity,
    _suicide,
    _stops,
    _stop_unknowns,
    _counts,
    _measures,
    _voices,
    _to_obtain,
)


# After page one -----------------------------------------------------------------------------------


def _header(pages: _Pages) -> Section:
    line = _("Age {age}; hopes for help with: {reason}.").format(
        age=_age(pages), reason=pages.reads("primary_condition")
    )
    blocks = [Text(line)]
    before = history(pages.case, pages.edition)
    urgent = banner(pages.case, pages.edition)
    blocks[:0] = [Text(text, strong=text == urgent) for text in (urgent, before) if text]
    zone, most = pages.edition.made.tzinfo, pages.edition.most_tries
    blocks += [
        Text(_("Task: {task}").format(task=panel.task_line(task, zone, most)))
        for task in review.tasks(pages.case)
    ]
    return Section(_("At a glance"), tuple(blocks))


def _flags(pages: _Pages) -> Section:
    rows = []
    for flag in pages.case.screening.flags:
        decided = review.standing(pages.intake, flag)
        rows.append(
            (
                f"{pages.tiers[flag.tier]}\n{pages.dues[flag.due]}",
                _flag_text(pages, flag),
                _basis(pages, flag),
                _decided(decided) if decided else _("not reviewed"),
            )
        )
    if not rows:
        unanswered = len(pages.case.screening.unanswered)
        text = _("No flags raised, {count} unanswered.").format(count=unanswered)
        return Section(_("Flags"), (Text(text),))
    columns = (_("Tier, due"), _("Flag and answers"), _("Basis"), _("Review"))
    return Section(_("Flags"), (Grid(columns, (11, 38, 37, 14), tuple(rows)),))


def _decided(decided: FlagReview) -> str:
    words = decision_words()[decided.decision]
    return f"{words}: {decided.reason}" if decided.reason else words


def _flag_text(pages: _Pages, flag: Flag) -> str:
    raised = flag.state is FlagState.RAISED
    state = _("raised") if raised else _("unresolved")
    lines = [f"{flag.criterion.label} ({state})", *pages.reasons(flag)]
    if flag.stronger_open:
        lines.append(_("A stronger rule is still open."))
    lines += [f"- {pages.answered(answer)}" for answer in flag.answers]
    return "\n".join(lines)


def _basis(pages: _Pages, flag: Flag) -> str:
    lines = [
        _("Rule {id}, protocol {version}").format(
            id=flag.criterion.id, version=pages.case.protocol.version
        )
    ]
    lines += [f"{rule.when.text}" for rule in flag.rules]
    lines += [pages.threshold(param) for param in flag.params]
    return "\n".join((*lines, *_cited(pages, flag.criterion)))


def _cited(pages: _Pages, criterion: Criterion) -> list[str]:
    """The two strongest sources, and how many more there are."""
    strongest_first = sorted(criterion.citations, key=lambda c: KINDS.index(c.kind))
    lines = [pages.cite(citation) for citation in strongest_first[:2]]
    if len(strongest_first) > 2:
        lines.append(_("and {count} more in the protocol").format(count=len(strongest_first) - 2))
    return lines


def _suicide_in_full(pages: _Pages) -> Section:
    blocks: list[Text | Grid] = [
        Text(_("Level: {level}").format(level=level_words(pages.case)), strong=True),
        Text(_wording(pages)),
        *(Text(line) for line in (*_mood(pages), *_who_else(pages))),
        _every_screen_answer(pages),
        Text(_means(pages)),
    ]
    for escalation in _latest_first(pages):
        who, became = _of_escalation(pages, escalation)
        blocks += [
            Text(became, strong=True),
            Text(who),
            _person(escalation),
            _steps(pages, escalation),
        ]
    return Section(_("Suicide-risk screen and escalation"), tuple(blocks))


def _every_screen_answer(pages: _Pages) -> Grid:
    rows = []
    for item in _screen(pages):
        history = pages.findings.history(item)
        when = pages.minute(history[-1].at) if history else ""
        note = history[-1].note if history else ""
        who = pages.source(item.id)
        asked = f"{item.id.partition('.')[2]} {item.topic}"
        rows.append((asked, pages.reads(item.id), who, when, note))
    columns = (_("Asked about"), _("Answer"), _("Source"), _("When"), _("In their words"))
    return Grid(columns, (24, 24, 14, 14, 24), tuple(rows))


def _person_words() -> Mapping[str, str]:
    """The person at risk, field by field, in the order in which a responder needs them."""
    return {
        "where": _("where now"),
        "county": _("county, state"),
        "country": _("country"),
        "way_in": _("how to get in"),
        "vehicle": _("vehicle"),
        "who": _("name"),
        "is_caller": _("is the caller"),
        "age": _("age"),
        "language": _("language"),
        "phone": _("phone"),
        "phone_note": _("about that phone"),
        "reach": _("who can speak to them"),
        "free_to_speak": _("free to speak"),
        "happening": _("what is happening"),
        "done_already": _("done already"),
        "done_note": _("done: what, when"),
        "means": _("means"),
        "firearm": _("firearm"),
        "company": _("company"),
        "company_note": _("about the company"),
    }


def _person(escalation: Escalation) -> Grid:
    known = safety.person_at_risk(escalation)
    rows = tuple((word, known.get(field, "")) for field, word in _person_words().items())
    told = tuple((word, value or _("not recorded")) for word, value in rows)
    return Grid((_("Person at risk"), _("Known")), (24, 76), told)


def _steps(pages: _Pages, escalation: Escalation) -> Grid:
    rows = tuple(
        (
            pages.minute(happened.at),
            _move_words(happened.move, happened.get("step")),
            _details(happened),
            pages.who(happened.by),
        )
        for happened in escalation.events
        if happened.move != "grounds"
    )
    columns = (_("When"), _("What"), _("Details"), _("Recorded by"))
    return Grid(columns, (18, 24, 40, 18), rows)


def _details(happened: EscalationEvent) -> str:
    """What stands in the table of the person is not said again where it was raised."""
    words = _person_words()
    known = (*words, "grounds", "step") if happened.move == "raised" else ("grounds", "step")
    return "; ".join(
        f"{words.get(name, _spaced(name))}: {value}"
        for name, value in happened.fields
        if name not in known
    )


def _move_words(move: str, step: str) -> str:
    if move == "step":
        return _("Step {number}: {title}").format(number=step, title=safety.STEPS[step])
    names = {
        "raised": _("raised"),
        "person": _("person at risk"),
        "accepted": _("accepted, read back"),
        "taken_over": _("taken over"),
        "closed": _("closed"),
        "safety_call": _("safety call"),
        "reached": _("whether they reached the person"),
    }
    return names.get(move, _spaced(move))


def _severity(pages: _Pages) -> Section:
    asked = {
        "primary_condition": _("Condition"),
        "diagnosed_by_clinician": _("Diagnosed by a clinician"),
        "episode_start": _("This episode began"),
    }
    rows = [(word, pages.noted(id_), pages.source(id_)) for id_, word in asked.items()]
    for id_, found in pages.case.screening.scores.items():
        instrument = pages.case.protocol.instruments[id_]
        said = "; ".join([_score_words(pages, found), *_readings(instrument, found)])
        rows.append((_scale_name(pages, id_), said, ""))
    rows += _observed(pages)
    columns = (_("What"), _("Answer"), _("Source"))
    return Section(_("Diagnosis and severity"), (Grid(columns, (34, 50, 16), tuple(rows)),))


def _scale_name(pages: _Pages, id_: str) -> str:
    instrument = pages.case.protocol.instruments[id_]
    if id_ in pages.case.protocol.official_wordings:
        return f"{instrument.title} ({instrument.official_name})"
    return _("{title} (built-in wording; topics of {official})").format(
        title=instrument.title, official=instrument.official_name
    )


def _readings(instrument: Instrument, found: Score) -> Iterator[str]:
    """What the cut-offs of a scale say, once every way to fill in the rest says it; that none is
    reached is no finding, and a remission is one of a course and not of a first sheet."""
    for result in instrument.results:
        code = found.decided(result.name)
        if code in (None, NO, "none") or result.name.startswith("remission"):
            continue
        yield result.title if code == YES else f"{result.title}: {_spaced(str(code))}"


def _score_words(pages: _Pages, found: Score) -> str:
    if found.total is not None:
        return f"{shown(found.total)}, {found.severity}" if found.severity else shown(found.total)
    missing = ", ".join(pages.case.protocol.items[id_].topic or id_ for id_ in found.missing)
    return _("not complete: at least {least}, at most {most}; missing: {missing}").format(
        least=shown(found.least), most=shown(found.most), missing=missing
    )


def _observed(pages: _Pages) -> list[tuple[str, str, str]]:
    """What somebody else said in answer to a scale: beside the score, never inside."""
    rows = []
    for answer in pages.intake.answers:
        item = pages.case.protocol.items[answer.item]
        scale = pages.case.protocol.instruments.get(item.instrument or "")
        if scale is None or not scale.is_scored or answer.source in scale.may_answer:
            continue
        said = pages.as_given(item, answer)
        note = f" ({_short(answer.note)})" if answer.note else ""
        topic = _("As observed by another person, not scored: {topic}").format(topic=item.topic)
        rows.append((topic, said + note, pages.voice(answer)))
    return rows


def _trials(pages: _Pages) -> Section:
    trials = pages.findings.trials
    if not trials:
        return Section(_("Antidepressant trials"), (Text(_("None on record; not asked yet.")),))
    columns = (
        _("Medicine"),
        _("Started"),
        _("Highest dose"),
        _("Weeks"),
        _("Most days"),
        _("Better by"),
        _("Ended"),
        _("Who says so"),
        _("Counted"),
    )
    rows = tuple(_trial_row(pages, trial) for trial in trials)
    return Section(
        _("Antidepressant trials"),
        (Text(_failed_trials(pages)), Grid(columns, (13, 9, 11, 8, 8, 9, 10, 11, 21), rows)),
    )


_OF_A_TRIAL = (
    "trial_medicine",
    "trial_start",
    "trial_dose_mg",
    "trial_weeks",
    "trial_taken_most_days",
    "trial_improvement_pct",
    "trial_end",
)


def _trial_row(pages: _Pages, trial: treatment.Trial) -> tuple[str, ...]:
    rules = pages.findings.trial_rules
    began = treatment.began(trial, rules, pages.findings.date_of("episode_start"))
    told = tuple(pages.reads(item, trial.entry) for item in _OF_A_TRIAL)
    who = ", ".join(pages.sources[source] for source in trial.sources)
    return (*told, who, treatment.verdict(trial, rules, began))


def _failed_trials(pages: _Pages) -> str:
    """What the clinic counts by first, then the other count."""
    rules = pages.findings.trial_rules
    counts = [
        _("{where}: {least} certain, {most} possible").format(
            where=where, least=count.least, most=count.most
        )
        for where, count in (
            (_("in this episode"), _count_of(pages, "adequate_failed_trials")),
            (_("in all of life"), _count_of(pages, "adequate_failed_trials_lifetime")),
        )
    ]
    first, second = reversed(counts) if rules.lifetime else counts
    return _(
        "Failed adequate trials, as the clinic counts, {first}; {second}. Adequate: at least "
        "{weeks} weeks; failed: under {pct} percent better."
    ).format(first=first, second=second, weeks=rules.min_weeks, pct=rules.inadequate_below_pct)


def _count_of(pages: _Pages, fact: str) -> Span:
    count = pages.findings.read(fact)
    return count if isinstance(count, Span) else Span(count, count)  # type: ignore[arg-type]


def _medicines(pages: _Pages) -> Section:
    if not pages.intake.medications:
        said = _("Takes medicines: {answer}").format(answer=pages.reads("takes_medicines"))
        return Section(_("Medicines"), (Text(said),))
    rows = tuple(_medicine_row(pages, medication) for medication in pages.intake.medications)
    columns = (_("As named"), _("Dose"), _("In the list"), _("Effect and source"))
    complete = _("List complete: {answer}").format(answer=pages.reads("medicine_list_complete"))
    return Section(_("Medicines"), (Text(complete), Grid(columns, (20, 16, 24, 40), rows)))


def _medicine_row(pages: _Pages, medication: Medication) -> tuple[str, ...]:
    match = pages.case.protocol.formulary.match(medication)
    worst = _worst(pages, match)
    if match.state is MatchState.NOT_CHECKED:
        listed = _not_checked(pages, medication, match)
    elif worst is None:
        listed = _("Recognised. Nothing in our list about ketamine.")
    else:
        listed = f"{pages.tiers[worst]}: {match.known_as}"
    effects = dict.fromkeys(
        f"{hit.drug_class.effect} {pages.cite(hit.drug_class.citations[0])}"
        for hit in match.interactions
        if hit.tier(pages.case.protocol.route) is not None
    )
    if match.state is MatchState.NOT_CHECKED and not effects:
        effects = {_("Not looked up: which medicine it is, is not known."): None}
    named = f"{medication.name} ({pages.sources[medication.source]})"
    if medication.confirmed:
        named += "\n" + _("confirmed as {name}").format(name=medication.confirmed)
    dose = _dose(medication)
    if dosing.is_unread(pages.case.protocol.formulary, medication):
        dose = _("as written, not read")
    return (named, dose, listed, "\n".join(effects))


def _not_checked(pages: _Pages, medication: Medication, match: Match) -> str:
    names = ", ".join(dict.fromkeys(hit.drug.generic for hit in match.interactions))
    near = ", ".join(map(str, pages.case.protocol.formulary.near(medication.name, limit=3)))
    if match.known_as:
        return _("Not settled: as named it may be {names}.").format(names=names)
    text = _("Not checked: these words are not one medicine of our list.")
    if names:
        text += _(" Possibly {names}.").format(names=names)
    elif near:
        text += _(" Similar names: {names}.").format(names=near)
    return text


def _dose(medication: Medication) -> str:
    """As it is on record, and so under a signature."""
    parts = [dosing.words(medication), medication.detail]
    return ", ".join(part for part in parts if part) or _("dose not recorded")


_HISTORY = ("absolute_contraindication", "relative_contraindication", "caution")


def _history(pages: _Pages) -> Section:
    """What was ever told in a table; negatives and what was asked in vain collapsed by name."""
    told: list[tuple[str, ...]] = []
    others: dict[str, list[str]] = {}
    for item, entry, answer in _of_history(pages):
        source, day = pages.voice(answer), pages.day(answer.at)
        if _positives(pages, item, entry):
            told.append((item.ask, _told(pages, item, entry), source, day))
        elif pages.at(entry).read(item.name) is None:
            others.setdefault(pages.reads(item.id, entry), []).append(_spaced(item.id))
        else:
            others.setdefault(_("Answered no"), []).append(_spaced(item.id))
    columns = (_("Asked"), _("Answer"), _("Source"), _("Date"))
    grid = (Grid(columns, (46, 28, 14, 12), tuple(told)),) if told else ()
    collapsed = [f"{how}: {', '.join(names)}." for how, names in others.items()]
    if not told:
        collapsed.insert(0, _("Nothing was reported by the answers given."))
    collapsed.append(_("Every open question stands at the end of the answers."))
    return Section(_("History"), (*grid, Text(" ".join(collapsed))))


def _of_history(pages: _Pages) -> Iterable[tuple[Item, int, Answer]]:
    for item, entry, answer in pages.latest():
        group = pages.case.protocol.by_criterion[item.criterion].group
        applies = pages.at(entry).read(item.name) is not NOT_APPLICABLE
        if group in _HISTORY and applies and not item.instrument:
            yield item, entry, answer


def _positives(pages: _Pages, item: Item, entry: int) -> list[Answer]:
    """Every answer that ever told something: none of them hides behind a later no or silence. A
    no tells something where a yes is the good answer: not treated, not removed, not used."""
    given = (answer for answer in pages.at(entry).history(item) if answer.value is not None)
    return [a for a in given if a.value != (NONE_OF_THESE,) and not _is_plain_no(item, a.value)]


def _is_plain_no(item: Item, value: Value | None) -> bool:
    return value is False and not item.reassuring


def _told(pages: _Pages, item: Item, entry: int) -> str:
    text = pages.reads(item.id, entry) if entry else pages.noted(item.id)
    last = _positives(pages, item, entry)[-1]
    if last in pages.at(entry).find(item.name).answers:
        return text
    return _("{text}; earlier: {said}").format(text=text, said=pages.as_given(item, last))


_TESTS = ("pretreatment_test",)


def _tests(pages: _Pages) -> Section:
    rows = [
        (_("Blood pressure"), _pressure(pages)),
        (_("Height, weight"), f"{pages.noted('height')}, {pages.noted('weight')}"),
        (_("Body-mass index"), _bmi(pages)),
    ]
    for item in pages.case.protocol.items.values():
        criterion = pages.case.protocol.by_criterion[item.criterion]
        if criterion.group in _TESTS and pages.findings.applicable(item) is not False:
            rows.append((item.ask, pages.reads(item.id)))
    columns = (_("What"), _("Result and date"))
    return Section(_("Vital signs and tests"), (Grid(columns, (60, 40), tuple(rows)),))


def _bmi(pages: _Pages) -> str:
    value = pages.findings.read("bmi")
    return f"{value:.1f}" if value is not None else _("height or weight not known")


def _logistics(pages: _Pages) -> Section:
    rows = []
    for item in pages.case.protocol.items.values():
        criterion = pages.case.protocol.by_criterion[item.criterion]
        if criterion.group == "logistics_safety" and not item.safety and not item.instrument:
            if pages.findings.find(item.name).answers:
                rows.append((item.ask, pages.noted(item.id), pages.source(item.id)))
    wanted = tuple(
        (_wanted(pages, entry), pages.dues[entry.due], _whom(pages, entry))
        for entry in sorted(pages.case.screening.to_obtain, key=lambda w: -w.due)
    )
    return Section(
        _("Logistics, and what is still missing"),
        (
            Grid((_("What"), _("Answer"), _("Source")), (50, 36, 14), tuple(rows))
            if rows
            else Text(_("Nothing of this was asked yet.")),
            Grid((_("To obtain"), _("Due"), _("Asked of")), (50, 25, 25), wanted),
        ),
    )


def _log(pages: _Pages) -> Section:
    """An answer that a later one replaced says so: what it held may be open now."""
    rows = []
    newest = {(answer.item, answer.entry): answer.id for answer in pages.intake.answers}
    for answer in pages.intake.answers:
        item = pages.case.protocol.items[answer.item]
        said = pages.as_given(item, answer)
        if newest[answer.item, answer.entry] != answer.id:
            said = _("Earlier: {said}").format(said=said)
        note = f"\n{answer.note}" if answer.note else ""
        rows.append(
            (
                f"{item.ask}\n{item.id}{_number(answer.entry)}",
                said + note,
                pages.voice(answer),
                f"{pages.minute(answer.at)}\n{pages.who(answer.by)}",
            )
        )
    columns = (_("Asked"), _("Answer"), _("Source"), _("When, by"))
    log = Grid(columns, (48, 22, 13, 17), tuple(rows))
    return Section(
        _("Every answer, in the order given"), (log, *_notes(pages), *_open_questions(pages))
    )


def _notes(pages: _Pages) -> list[Text | Grid]:
    """What staff wrote down beside the answers."""
    rows = tuple(
        (note.text, note.item, f"{pages.minute(note.at)}\n{pages.who(note.by)}")
        for note in pages.intake.notes
    )
    columns = (_("Note of staff"), _("At the question"), _("When, by"))
    return [Grid(columns, (61, 22, 17), rows)] if rows else []


def _open_questions(pages: _Pages) -> list[Text | Grid]:
    """Every open question in one list: those asked in vain in full, the others by name."""
    asked: list[tuple[str, ...]] = []
    never: dict[tuple[str, str], list[str]] = {}
    for question in pages.case.screening.unanswered:
        how = pages.reads(question.item.id, question.entry)
        name = f"{question.item.id}{_number(question.entry)}"
        if question.state == NOT_ASKED:
            whom = _asked_of()[question.item.stage]
            never.setdefault((how, whom), []).append(name)
        else:
            source = pages.source(question.item.id, question.entry)
            asked.append((f"{question.item.ask}\n{name}", how, source))
    columns = (_("Open, though asked"), _("Reads"), _("Source"))
    blocks: list[Text | Grid] = [Grid(columns, (52, 33, 15), tuple(asked))] if asked else []
    template = _("{how} ({whom}), {count}: {names}")
    blocks += [
        Text(template.format(how=how, whom=whom, count=len(names), names=", ".join(names)))
        for (how, whom), names in never.items()
    ]
    return blocks


def _number(entry: int) -> str:
    return f" #{entry}" if entry else ""


def _thresholds(pages: _Pages) -> Section:
    rows = tuple(
        (f"{criterion.id}.{param.name}", pages.threshold(param))
        for criterion in pages.case.protocol.criteria
        for param in criterion.params.values()
    )
    return Section(
        _("Thresholds of this protocol"),
        (Grid((_("Parameter"), _("Value and basis")), (38, 62), rows),),
    )


def _decision(pages: _Pages) -> Section:
    labels = {flag.key: flag.criterion.label for flag in pages.case.screening.flags}
    reviewed = [
        Text(
            _("{flag}: {decision} ({by}, {at})").format(
                flag=labels.get(decided.flag, _spaced(decided.flag)),
                decision=_decided(decided),
                by=pages.who(decided.by),
                at=pages.minute(decided.at),
            )
        )
        for decided in pages.intake.reviews
    ]
    added = [
        Text(
            _("Addendum by {name}, {at}: {text}").format(
                name=addendum.name, at=pages.minute(addendum.at), text=addendum.text
            )
        )
        for addendum in pages.intake.addenda
    ]
    signed = Text(_signed(pages), strong=True)
    return Section(_("Decision and signature"), (*reviewed, signed, *added))


def _signed(pages: _Pages) -> str:
    signature = pages.intake.signature
    if signature is None:
        return _("Not signed. Decision: ______________  Name: ______________  Date: ____")
    return _("Decision: {what}. Reason: {why}. Signed by {name}, {at}. Record {digest}.").format(
        what=disposition_words()[signature.disposition],
        why=_short(signature.reason),
        name=signature.name,
        at=pages.minute(signature.at),
        digest=signature.record_hash[:16],
    )


SECTIONS: tuple[Callable[[_Pages], Section], ...] = (
    _header,
    _flags,
    _suicide_in_full,
    _severity,
    _trials,
    _medicines,
    _history,
    _tests,
    _logistics,
    _log,
    _thresholds,
    _decision,
)


# What is signed -----------------------------------------------------------------------------------


def snapshot(case: Case, staff: Mapping[str, Staff]) -> dict[str, object]:
    """Everything that a signature covers, as plain lists, tables and texts."""
    intake, protocol = case.intake, case.protocol
    born = intake.patient.born
    return {
        "patient": {
            "id": intake.patient.id,
            "record_number": intake.patient.record_number,
            "name": intake.patient.name,
            "born": born.text if born else "",
            "sex": intake.patient.sex or "",
        },
        "intake": intake.id,
        "protocol": protocol.digest,
        "submitted": intake.submitted.isoformat() if intake.submitted else "",
        "calls": [
            [c.id, c.stage.value, c.relationship, c.started.isoformat(), str(c.end or "")]
            for c in intake.calls
        ],
        "settled": [[c.id, what, said] for c in intake.calls for what, said in c.settled],
        "tried": [[c.id, at.isoformat(), how] for c in intake.calls for at, how in c.tried],
        "answers": [_signed_answer(case, answer, staff) for answer in intake.answers],
        "medications": [
            [m.id, m.name, m.confirmed or "", _dose(m), m.source.value] for m in intake.medications
        ],
        "flags": [_signed_flag(flag) for flag in case.screening.flags],
        "suicide_risk": [
            case.screening.suicide_risk.word,
            case.screening.suicide_risk.ceiling.word,
        ],
        "scores": {
            id_: [plain(found.least), plain(found.most), list(found.missing)]
            for id_, found in case.screening.scores.items()
        },
        "notes": [[n.text, n.item, n.at.isoformat(), n.by] for n in intake.notes],
        "unanswered": [[q.item.id, q.entry, q.state] for q in case.screening.unanswered],
        "to_obtain": [[wanted.id, wanted.due.word] for wanted in case.screening.to_obtain],
        "escalations": [
            [[e.move, e.at.isoformat(), e.by, [list(pair) for pair in e.fields]] for e in x.events]
            for x in intake.escalations
        ],
        "reviews": [
            [r.flag, r.decision.value, r.reason, r.by, r.at.isoformat()] for r in intake.reviews
        ],
    }


def _signed_answer(case: Case, answer: Answer, staff: Mapping[str, Staff]) -> list[object]:
    item = case.protocol.items[answer.item]
    said = item.label(answer.value) if answer.value is not None else ""
    by = staff[answer.by].name if answer.by in staff else answer.by
    text = [item.ask, answer.wording, answer.state.value, said, answer.source.value, answer.note]
    return [answer.id, answer.item, answer.entry, *text, answer.at.isoformat(), by]


def _signed_flag(flag: Flag) -> list[object]:
    return [
        flag.key,
        flag.tier.word,
        flag.due.word,
        flag.state.value,
        list(flag.reasons),
        [rule.when.text for rule in flag.rules],
        [[param.name, _plain(param.value), param.basis] for param in flag.params],
        [answer.id for answer in flag.answers],
    ]
