"""compose(case, edition): the intake summary as plain blocks, in the order a clinician reads.

Page one answers "what would stop me, what is unknown, what must I verify?" alone. Nothing that is
open prints as a no, and a partial score never prints as a score. `intake_app.pdf` lays it out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from intake_app.core import review, safety, treatment
from intake_app.core.condition import Span
from intake_app.core.medication import Match, MatchState
from intake_app.core.model import (
    Answer,
    BloodPressure,
    Due,
    Intake,
    Medication,
    PartialDate,
    Source,
    Staff,
    State,
    Tier,
)
from intake_app.core.protocol import KINDS, Citation, Item, Param
from intake_app.core.screening import (
    NOT_ASKED,
    Case,
    Flag,
    FlagState,
    OpenQuestion,
    ToObtain,
    reads,
    sedation_together,
)
from intake_app.core.words import _


@dataclass(frozen=True, slots=True)
class Edition:
    """Where and when a page is made; `on_call` is whom to phone, `staff` gives names by id."""

    clinic: str
    demo: bool
    on_call: str
    made: datetime
    staff: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Frame:
    """What every page carries."""

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
    demo: bool
    notice: str


@dataclass(frozen=True, slots=True)
class Entries:
    """One of the fixed blocks of page one: strongest entry first, so that a cut loses the least."""

    title: str
    entries: tuple[str, ...]


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


def level_words(case: Case) -> str:
    """The suicide-risk level as it may be printed; none is never "no risk"."""
    risk = case.screening.suicide_risk
    names = {
        "high": _("HIGH"),
        "moderate": _("MODERATE"),
        "low": _("LOW"),
        "incomplete": _("INCOMPLETE"),
        "none_identified": _("none identified")
        if case.protocol.wording_is_official
        else _("no positive answer on an unvalidated screen"),
    }
    text = names[risk.word]
    if risk.ceiling > risk.level:
        text += _("; highest level still possible: {level}").format(level=risk.ceiling.word)
    if not risk.complete:
        text += _("; screen not complete")
    return text


def banner(case: Case, on_call: str) -> str:
    """The urgent safety line that repeats on every page, or nothing."""
    standing = safety.open_escalation(case.intake)
    if standing is not None:
        accepted = safety.event(standing, "accepted")
        if accepted is None:
            return _(
                "ESCALATION OPEN, not accepted. This computer has told no one. Phone {whom}. "
                "Nothing is scheduled; no letter goes out before a clinician has spoken to the "
                "person."
            ).format(whom=on_call or _("emergency services: no clinician is set"))
        return _(
            "ESCALATION OPEN, accepted by {by}, read back. Nothing is scheduled; no letter goes "
            "out before a clinician has spoken to the person."
        ).format(by=accepted.get("by"))
    urgent = [f for f in case.screening.flags if f.due >= Due.SAME_DAY and f.tier >= Tier.REVIEW]
    if urgent and case.intake.signature is None:
        labels = "; ".join(dict.fromkeys(flag.criterion.label for flag in urgent))
        return _("A CLINICIAN IS NEEDED {due}: {what}").format(
            due=_due_words()[max(flag.due for flag in urgent)].upper(), what=labels
        )
    return ""


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
        at = self.findings.at(entry) if entry else self.findings
        return reads(at, item)

    def answered(self, answer: Answer) -> str:
        """One answer with its source and day."""
        item = self.case.protocol.items[answer.item]
        at = self.findings.at(answer.entry) if answer.entry else self.findings
        own = at.find(item.name).answers
        said = reads(at, item) if own and own[-1] == answer else self._as_given(item, answer)
        where = f"({self.sources[answer.source]}, {self.day(answer.at)})"
        text = f"{item.topic or item.ask} {said} {where}"
        return f"{text}: {answer.note}" if answer.note else text

    def _as_given(self, item: Item, answer: Answer) -> str:
        return _states()[answer.state] if answer.value is None else item.label(answer.value)

    def cite(self, citation: Citation) -> str:
        parts = [citation.title, citation.section, citation.year]
        text = ", ".join(part for part in parts if part)
        return f"{text} [{citation.kind}; {citation.checked.replace('_', ' ')}]"

    def threshold(self, param: Param) -> str:
        text = f"{param.name} = {_plain(param.value)} ({param.basis}"
        if param.confirmed:
            return text + _("; confirmed by {name})").format(name=param.confirmed)
        if param.is_placeholder:
            return text + _("; not confirmed, nobody's number yet)")
        return text + _("; not confirmed by the clinic)")

    # The frame --------------------------------------------------------------------------------

    def frame(self) -> Frame:
        patient, protocol = self.intake.patient, self.case.protocol
        return Frame(
            name=patient.name,
            born=patient.born.text if patient.born else _("birth date not known"),
            record_number=patient.record_number,
            protocol=f"{protocol.name} {protocol.version} ({protocol.digest[:12]})",
            status=self.status(),
            collected=self.collected(),
            made=self.edition.made.strftime("%Y-%m-%d %H:%M %Z"),
            clinic=self.edition.clinic,
            marks=self.marks(),
            banner=banner(self.case, self.edition.on_call),
            demo=self.edition.demo,
            notice=_(
                "Intake summary: screening information, not a treatment decision. Confidential. "
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
        when = " to ".join(dict.fromkeys((days[0], days[-1]))) if days else ""
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
        newest = {(a.item, a.entry): a for a in self.intake.answers}
        for item in self.case.protocol.items.values():
            for (id_, entry), answer in newest.items():
                if id_ == item.id:
                    yield item, entry, answer

    def open_in_state(self, *states: str) -> tuple[OpenQuestion, ...]:
        return tuple(q for q in self.case.screening.unanswered if q.state in states)

    def flag_line(self, flag: Flag) -> str:
        head = f"{flag.criterion.label}: {' '.join(flag.reasons)}"
        said = "; ".join(self.answered(answer) for answer in flag.answers[:4])
        return f"{head} [{said}]" if said else head


def _states() -> Mapping[str, str]:
    return {
        State.UNKNOWN: _("Does not know"),
        State.DECLINED: _("Declined"),
        State.DEFERRED: _("Ask later"),
        State.NOT_APPLICABLE: _("Not applicable"),
        NOT_ASKED: _("Not asked"),
    }


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(part) for part in value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value)


# Page one ---------------------------------------------------------------------------------------


def _identity(pages: _Pages) -> Entries:
    patient = pages.intake.patient
    return Entries(
        _("1 Identity"),
        (
            _("{name}, born {born}, record {number}, sex {sex}").format(
                name=patient.name,
                born=patient.born.text if patient.born else _("not known"),
                number=patient.record_number,
                sex=patient.sex or _("not stated"),
            ),
            _("Phone: {phone} ({permission})").format(
                phone=pages.reads("callback_number"), permission=pages.reads("callback_permission")
            ),
            _("At the call: {where}").format(where=pages.reads("caller_location")),
            _("Emergency contact: {who}").format(who=pages.reads("emergency_contact_person")),
        ),
    )


def _suicide(pages: _Pages) -> Entries:
    entries = [_("Level: {level}").format(level=level_words(pages.case))]
    entries += _escalation_lines(pages)
    entries += _screen_answers(pages)
    entries.append(
        _("Means within reach: {means}. Firearm: {firearm}. With whom: {company}").format(
            means=pages.reads("means_within_reach"),
            firearm=pages.reads("firearm_access"),
            company=pages.reads("company_now"),
        )
    )
    return Entries(_("2 Suicide-risk screen"), tuple(entries))


def _escalation_lines(pages: _Pages) -> list[str]:
    lines = []
    for escalation in pages.intake.escalations:
        state = safety.state(escalation)
        raised = escalation.events[0]
        text = _("Escalation {state}; raised {at}").format(state=state, at=pages.minute(raised.at))
        for move in ("accepted", "taken_over", "closed"):
            happened = safety.event(escalation, move)
            if happened:
                by = happened.get("by") or pages.who(happened.by)
                text += f"; {move.replace('_', ' ')} {pages.minute(happened.at)} ({by})"
        closed = safety.event(escalation, "closed")
        over = safety.event(escalation, "taken_over") or safety.event(escalation, "accepted")
        has = closed.get("who_has_the_person") if closed else over.get("by") if over else ""
        lines.append(text)
        lines.append(
            _("Who has the person now: {who}").format(who=has or _("NOBODY YET, staff on the line"))
        )
    return lines or [_("Escalation: none raised")]


def _screen_answers(pages: _Pages) -> list[str]:
    instrument = pages.case.protocol.instruments[pages.case.protocol.suicide_screen]
    lines = []
    asked_at = []
    for item in instrument.items:
        found = pages.findings.find(item.name)
        line = f"{item.id} {item.topic}: {pages.reads(item.id)}"
        if found.answers:
            answer = found.answers[-1]
            asked_at.append(answer.at)
            line += f" ({pages.sources[answer.source]})"
        lines.append(line)
    wording = (
        _("official wording")
        if pages.case.protocol.wording_is_official
        else _("built-in wording, unvalidated; topics of {scale}").format(
            scale=instrument.official_name
        )
    )
    if asked_at:
        age = (pages.case.today - max(asked_at).astimezone(pages.edition.made.tzinfo).date()).days
        wording += _("; asked {day}, {age} days old").format(day=pages.day(max(asked_at)), age=age)
    return ["; ".join(lines), _("Read out: {wording}").format(wording=wording)]


def _stops(pages: _Pages) -> Entries:
    flags = [f for f in pages.case.screening.flags if f.tier is Tier.STOP]
    raised = [f for f in flags if f.state is FlagState.RAISED]
    lines = tuple(f"{pages.dues[f.due].upper()}: {pages.flag_line(f)}" for f in raised)
    return Entries(_("3 Stop: reported"), lines or (_("None raised by the answers given."),))


def _stop_unknowns(pages: _Pages) -> Entries:
    lines = []
    for flag in pages.case.screening.flags:
        can_stop = any(rule.tier is Tier.STOP for rule in flag.criterion.rules)
        if can_stop and (flag.state is FlagState.UNRESOLVED or flag.stronger_open):
            lines.append(f"{flag.criterion.label}: {flag.reasons[-1]}")
    return Entries(
        _("4 Stop: unknown or declined"), tuple(lines) or (_("None among the questions asked."),)
    )


def counts(case: Case) -> Mapping[str, int]:
    """How many answers stand in each open state, and how many were decided otherwise."""
    found = Counter(question.state for question in case.screening.unanswered)
    applicable = {q.item.id for q in case.screening.unanswered}
    skipped = sum(
        case.screening.findings.applicable(item) is False
        for item in case.protocol.items.values()
        if item.id not in applicable and item.id not in case.protocol.repeated
    )
    return {
        State.UNKNOWN: found[State.UNKNOWN],
        State.DECLINED: found[State.DECLINED],
        State.DEFERRED: found[State.DEFERRED],
        NOT_ASKED: found[NOT_ASKED],
        State.NOT_APPLICABLE: skipped,
    }


def _counts(pages: _Pages) -> Entries:
    found = counts(pages.case)
    words = _states()
    line = ", ".join(f"{words[state].lower()} {number}" for state, number in found.items())
    overridden = sum(
        standing is not None and standing.decision.value == "accepted_with_condition"
        for standing in (review.standing(pages.intake, f) for f in pages.case.screening.flags)
    )
    used = [
        _("{name} {value}").format(name=p.name, value=_plain(p.value))
        for flag in pages.case.screening.flags
        for p in flag.params
        if p.is_placeholder and p.confirmed is None
    ]
    thresholds = _("{count} thresholds are placeholders, nobody's number yet").format(
        count=len(pages.case.protocol.unconfirmed)
    )
    if used:
        thresholds += _("; used by flags here: {used}").format(used=", ".join(dict.fromkeys(used)))
    accepted = _("flags accepted with a condition {count}").format(count=overridden)
    return Entries(_("5 Counts"), (f"{line}; {accepted}", thresholds))


def _pressure(pages: _Pages) -> str:
    reading = pages.findings.read("last_blood_pressure")
    if not isinstance(reading, BloodPressure):
        return _("Blood pressure: {state}").format(state=pages.reads("last_blood_pressure"))
    when = pages.findings.read("blood_pressure_date")
    dated = when.text if isinstance(when, PartialDate) else pages.reads("blood_pressure_date")
    text = _("Blood pressure {reading} mmHg, {dated}").format(reading=reading, dated=dated)
    flag = pages.case.screening.flag("bp_severe_or_hold")
    old = flag is not None and any(
        "days_since_blood_pressure_date" in r.when.names
        and r.when.decide(pages.findings.read) is not False
        for r in flag.rules
    )
    return text + _(" OLD or not dated: no current reading") if old else text


def _measures(pages: _Pages) -> Entries:
    lines = [
        _pressure(pages),
        _("Pregnancy possible: {possible}; known: {known}").format(
            possible=pages.reads("could_be_pregnant"), known=pages.reads("pregnant_now")
        ),
    ]
    unidentified = 0
    strong = []
    for medication in pages.intake.medications:
        match = pages.case.protocol.formulary.match(medication)
        unidentified += match.state is MatchState.NOT_CHECKED
        worst = _worst(pages, match)
        if worst is not None and worst > Tier.NOTE:
            strong.append(f"{medication.name} ({pages.tiers[worst]})")
    lines.append(
        _("Medicines that matter: {names}").format(names=", ".join(strong) or _("none listed"))
    )
    if not pages.intake.medications:
        lines[-1] = _("Medicine list: {state}").format(state=pages.reads("takes_medicines"))
    lines.append(_("Medicines not identified: {count}").format(count=unidentified))
    together = sedation_together(pages.case)
    if together:
        what = "; ".join(f"{flag.criterion.label} ({flag.reason})" for flag in together)
        lines.append(_("Sedation adds up: {what}").format(what=what))
    return Entries(_("6 Pressure, pregnancy, medicines"), tuple(lines))


def _worst(pages: _Pages, match: Match) -> Tier | None:
    protocol = pages.case.protocol
    tiers = [
        hit.tier(protocol.route)
        for hit in match.interactions
        if hit.drug_class.applies_to in ("both", protocol.drug)
    ]
    return max((tier for tier in tiers if tier is not None), default=None)


def _voices(pages: _Pages) -> Entries:
    parts: dict[Source, list[str]] = {}
    for item, _entry, answer in pages.latest():
        if answer.source not in (Source.PATIENT_ALONE, Source.RECORD, Source.TEST):
            parts.setdefault(answer.source, []).append(item.id)
    lines = [
        _("{who}: {count} answers ({items})").format(
            who=pages.sources[source], count=len(items), items=", ".join(items)
        )
        for source, items in parts.items()
    ]
    callers = dict.fromkeys(call.relationship for call in pages.intake.calls)
    lines.insert(0, _("Caller: {who}").format(who=", ".join(callers) or _("no call on record")))
    if len(lines) == 1:
        lines.append(_("All answers from the patient alone, from a record or from a test."))
    return Entries(_("7 Who answered"), tuple(lines))


def _to_obtain(pages: _Pages) -> Entries:
    lines = [
        f"{pages.dues[wanted.due].upper()}: {wanted.label} ({_asked_of(pages, wanted)})"
        for wanted in sorted(pages.case.screening.to_obtain, key=lambda w: -w.due)
    ]
    return Entries(_("8 To obtain"), tuple(lines) or (_("Nothing on the list."),))


def _asked_of(pages: _Pages, wanted: ToObtain) -> str:
    criterion = pages.case.protocol.by_criterion.get(wanted.id.partition("#")[0])
    return criterion.stage.replace("_", " ") if criterion else _("clinic")


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
    age = pages.findings.read("age_years")
    line = _("Age {age}; hopes for help with: {reason}.").format(
        age=age if isinstance(age, int) else _("not known exactly"),
        reason=pages.reads("primary_condition"),
    )
    blocks = [Text(line)]
    urgent = banner(pages.case, pages.edition.on_call)
    if urgent:
        blocks.insert(0, Text(urgent, strong=True))
    tasks = safety.tasks(pages.intake)
    blocks += [
        Text(
            _("Task: {what}, from {first} to {last}").format(
                what=task.what.replace("_", " "),
                first=pages.minute(task.from_),
                last=pages.minute(task.until),
            )
        )
        for task in tasks
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
                f"{decided.decision.value.replace('_', ' ')}: {decided.reason}"
                if decided
                else _("not reviewed"),
            )
        )
    if not rows:
        unanswered = len(pages.case.screening.unanswered)
        text = _("No flags raised, {count} unanswered.").format(count=unanswered)
        return Section(_("Flags"), (Text(text),))
    columns = (_("Tier, due"), _("Flag and answers"), _("Basis"), _("Review"))
    return Section(_("Flags"), (Grid(columns, (11, 38, 37, 14), tuple(rows)),))


def _flag_text(pages: _Pages, flag: Flag) -> str:
    lines = [f"{flag.criterion.label} ({flag.state})", *flag.reasons]
    if flag.stronger_open:
        lines.append(_("A stronger rule is still open."))
    if flag.was_yes:
        lines.append(_("An answer was yes before."))
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
    strongest_first = sorted(flag.criterion.citations, key=lambda c: KINDS.index(c.kind))
    lines += [pages.cite(citation) for citation in strongest_first[:2]]
    if len(strongest_first) > 2:
        lines.append(_("and {count} more in the protocol").format(count=len(strongest_first) - 2))
    return "\n".join(lines)


def _suicide_in_full(pages: _Pages) -> Section:
    blocks = [Text(line) for line in _suicide(pages).entries]
    for escalation in pages.intake.escalations:
        person = safety.person_at_risk(escalation)
        known = "; ".join(f"{key.replace('_', ' ')}: {value}" for key, value in person.items())
        blocks.append(Text(_("Person at risk: {known}").format(known=known)))
        rows = tuple(
            (
                pages.minute(happened.at),
                _move_words(happened.move, happened.get("step")),
                "; ".join(
                    f"{key.replace('_', ' ')}: {value}"
                    for key, value in happened.fields
                    if key not in ("grounds", "step")
                ),
                pages.who(happened.by),
            )
            for happened in escalation.events
            if happened.move != "grounds"
        )
        columns = (_("When"), _("What"), _("Details"), _("Recorded by"))
        blocks.append(Grid(columns, (18, 24, 40, 18), rows))  # type: ignore[arg-type]
    return Section(_("Suicide-risk screen and escalation"), tuple(blocks))


def _move_words(move: str, step: str) -> str:
    if move == "step":
        return _("Step {number}: {title}").format(number=step, title=safety.STEPS[step])
    return move.replace("_", " ")


def _severity(pages: _Pages) -> Section:
    rows = [
        (_("Condition"), pages.reads("primary_condition")),
        (_("Diagnosed by a clinician"), pages.reads("diagnosed_by_clinician")),
        (_("This episode began"), pages.reads("episode_start")),
    ]
    for id_, found in pages.case.screening.scores.items():
        instrument = pages.case.protocol.instruments[id_]
        name = _("{title} (built-in wording; topics of {official})").format(
            title=instrument.title, official=instrument.official_name
        )
        if found.total is not None:
            rows.append((name, f"{found.total}, {found.severity}"))
        else:
            text = _("not complete: at least {least}, at most {most}; missing {missing}")
            missing = ", ".join(found.missing)
            rows.append((name, text.format(least=found.least, most=found.most, missing=missing)))
    return Section(
        _("Diagnosis and severity"), (Grid((_("What"), _("Answer")), (40, 60), tuple(rows)),)
    )


def _trials(pages: _Pages) -> Section:
    trials = pages.findings.trials
    if not trials:
        return Section(_("Antidepressant trials"), (Text(_("None on record; not asked yet.")),))
    rules = pages.findings.trial_rules
    rows = tuple(
        (
            pages.reads("trial_medicine", trial.entry),
            pages.reads("trial_start", trial.entry),
            pages.reads("trial_dose_mg", trial.entry),
            pages.reads("trial_weeks", trial.entry),
            pages.reads("trial_taken_most_days", trial.entry),
            pages.reads("trial_improvement_pct", trial.entry),
            pages.reads("trial_end", trial.entry),
            treatment.verdict(trial, rules),
        )
        for trial in trials
    )
    columns = (
        _("Medicine"),
        _("Started"),
        _("Highest dose"),
        _("Weeks"),
        _("Most days"),
        _("Better by"),
        _("Ended"),
        _("Counted"),
    )
    count = pages.findings.read("adequate_failed_trials_lifetime")
    span = count if isinstance(count, Span) else Span(count, count)  # type: ignore[arg-type]
    text = _(
        "Failed adequate trials: {least} certain, {most} possible; at least {weeks} weeks, under "
        "{pct} percent better."
    ).format(
        least=span.least, most=span.most, weeks=rules.min_weeks, pct=rules.inadequate_below_pct
    )
    return Section(
        _("Antidepressant trials"),
        (Text(text), Grid(columns, (15, 11, 12, 9, 8, 10, 12, 23), rows)),
    )


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
        near = ", ".join(pages.case.protocol.formulary.near(medication.name))
        listed = _("Not checked: this name is not in our list.")
        if match.possible:
            names = ", ".join(dict.fromkeys(hit.drug.generic for hit in match.interactions))
            listed += _(" Possibly {names}.").format(names=names)
        elif near:
            listed += _(" Similar names: {names}.").format(names=near)
    elif worst is None:
        listed = _("Recognised. Nothing in our list about ketamine.")
    else:
        listed = f"{pages.tiers[worst]}: {match.known_as}"
    effects = dict.fromkeys(
        f"{hit.drug_class.effect} {pages.cite(hit.drug_class.citations[0])}"
        for hit in match.interactions
        if hit.tier(pages.case.protocol.route) is not None
    )
    return (
        f"{medication.name} ({pages.sources[medication.source]})",
        _dose(medication),
        listed,
        "\n".join(effects),
    )


def _dose(medication: Medication) -> str:
    parts = []
    if medication.dose_mg is not None:
        parts.append(f"{medication.dose_mg} mg")
    if medication.per_day is not None:
        parts.append(_("{times} a day").format(times=medication.per_day))
    if medication.as_needed:
        parts.append(_("as needed"))
    parts.append(medication.detail)
    return ", ".join(part for part in parts if part) or _("dose not asked")


_HISTORY = ("absolute_contraindication", "relative_contraindication", "caution")


def _history(pages: _Pages) -> Section:
    reported, denied = [], []
    groups = pages.case.protocol.by_criterion
    for item, entry, answer in pages.latest():
        if groups[item.criterion].group not in _HISTORY or item.instrument:
            continue
        value = pages.findings.find(item.name).value
        if value is False:
            denied.append(item.id.replace("_", " "))
        elif value is not None and answer.value is not None:
            reported.append(
                (
                    item.ask,
                    pages.reads(item.id, entry),
                    pages.sources[answer.source],
                    pages.day(answer.at),
                )
            )
    blocks: list[Text | Grid] = []
    if reported:
        columns = (_("Asked"), _("Answer"), _("Source"), _("Date"))
        blocks.append(Grid(columns, (46, 28, 14, 12), tuple(reported)))
    text = ", ".join(denied) or _("nothing")
    blocks.append(Text(_("Answered no: {items}.").format(items=text)))
    return Section(_("History"), tuple(blocks))


_TESTS = ("pretreatment_test",)


def _tests(pages: _Pages) -> Section:
    rows = [(_("Blood pressure"), _pressure(pages)), (_("Body-mass index"), _bmi(pages))]
    for item in pages.case.protocol.items.values():
        criterion = pages.case.protocol.by_criterion[item.criterion]
        if criterion.group in _TESTS and pages.findings.applicable(item) is not False:
            rows.append((item.ask, pages.reads(item.id)))
    columns = (_("What"), _("Result and date"))
    return Section(_("Vital signs and tests"), (Grid(columns, (60, 40), tuple(rows)),))


def _bmi(pages: _Pages) -> str:
    value = pages.findings.read("bmi")
    return str(value) if value is not None else _("height or weight not known")


def _logistics(pages: _Pages) -> Section:
    rows = []
    for item in pages.case.protocol.items.values():
        criterion = pages.case.protocol.by_criterion[item.criterion]
        if criterion.group == "logistics_safety" and not item.safety and not item.instrument:
            if pages.findings.find(item.name).answers:
                rows.append((item.ask, pages.reads(item.id)))
    wanted = tuple((entry,) for entry in _to_obtain(pages).entries)
    return Section(
        _("Logistics, and what is still missing"),
        (
            Grid((_("What"), _("Answer")), (60, 40), tuple(rows)),
            Grid((_("To obtain"),), (100,), wanted),
        ),
    )


def _log(pages: _Pages) -> Section:
    rows = []
    for answer in pages.intake.answers:
        item = pages.case.protocol.items[answer.item]
        said = pages._as_given(item, answer)
        note = f"\n{answer.note}" if answer.note else ""
        rows.append(
            (
                f"{item.ask}\n{item.id}{_number(answer.entry)}",
                said + note,
                pages.sources[answer.source],
                f"{pages.minute(answer.at)}\n{pages.who(answer.by)}",
            )
        )
    unanswered = tuple(
        (
            f"{question.item.ask} ({question.item.id}{_number(question.entry)})",
            pages.reads(question.item.id, question.entry),
            question.item.stage.replace("_", " "),
        )
        for question in pages.case.screening.unanswered
    )
    return Section(
        _("Every answer, in the order given"),
        (
            Grid(
                (_("Asked"), _("Answer"), _("Source"), _("When, by")), (48, 22, 13, 17), tuple(rows)
            ),
            Grid((_("Unanswered"), _("Reads"), _("Belongs to")), (62, 24, 14), unanswered),
        ),
    )


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
    signature = pages.intake.signature
    blocks: list[Text | Grid] = []
    for decided in pages.intake.reviews:
        line = f"{decided.flag}: {decided.decision.value.replace('_', ' ')}. {decided.reason}"
        blocks.append(Text(f"{line} ({pages.who(decided.by)}, {pages.minute(decided.at)})"))
    if signature is None:
        blocks.append(
            Text(
                _("Not signed. Decision: ______________  Name: ______________  Date: ____"),
                strong=True,
            )
        )
    else:
        text = _("Decision: {what}. Reason: {why}. Signed by {name}, {at}. Record {digest}.")
        blocks.append(
            Text(
                text.format(
                    what=signature.disposition.value.replace("_", " "),
                    why=signature.reason,
                    name=signature.name,
                    at=pages.minute(signature.at),
                    digest=signature.record_hash[:16],
                ),
                strong=True,
            )
        )
    blocks += [
        Text(
            _("Addendum by {name}, {at}: {text}").format(
                name=added.name, at=pages.minute(added.at), text=added.text
            )
        )
        for added in pages.intake.addenda
    ]
    return Section(_("Decision and signature"), tuple(blocks))


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
            id_: [found.least, found.most, list(found.missing)]
            for id_, found in case.screening.scores.items()
        },
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
