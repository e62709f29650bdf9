"""ProtocolService: a draft, its difference from what is in force, and its adoption by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from intake_app import content, imports
from intake_app.core import difference, review
from intake_app.core.difference import Change, FlagChange
from intake_app.core.errors import NotFound, WrongMove
from intake_app.core.instrument import Instrument
from intake_app.core.model import Intake, Note
from intake_app.core.protocol import Param, Protocol
from intake_app.core.screening import Case
from intake_app.core.words import _
from intake_app.imports import Questionnaire
from intake_app.store import clinic, intakes, schema, worklist
from intake_app.transaction import Look, Session, Transaction

_IN_FORCE, _DRAFT = "protocol", "protocol_draft"


@dataclass(frozen=True, slots=True)
class LookAgain:
    """An intake without a signature, and what the protocol in force would raise otherwise."""

    intake: Intake
    changes: tuple[FlagChange, ...]


class ProtocolService:
    """The rules of the clinic as one member of staff may change them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._office = session.office

    def in_force(self) -> Protocol:
        """What new intakes are taken with. Holds no patient data."""
        return self._session.protocol()

    def instruments(self) -> Mapping[str, Instrument]:
        """Every scale that the app knows, asked by the protocol in force or not, by id; in the
        official text where this clinic attested it."""
        with self._session.look("instruments") as connection:
            digest = clinic.settings(connection)[_IN_FORCE]
            bundle = content.Bundle.from_text(clinic.protocol_text(connection, digest))
            return content.instruments(bundle)

    # The draft ------------------------------------------------------------------------------------

    def draft(self) -> Protocol:
        """What is being changed; the protocol in force while nothing is."""
        with self._session.look("draft") as connection:
            return self._office.protocol(connection, _drafted(clinic.settings(connection)))

    def difference(self) -> tuple[Change, ...]:
        """What the draft says otherwise than the protocol in force."""
        with self._session.look("difference") as connection:
            now = self._office.in_force(connection)
            return difference.difference(
                now, self._office.protocol(connection, _drafted(clinic.settings(connection)))
            )

    def decide_parameter(
        self, criterion: str, param: str, value: object = None, basis: str = ""
    ) -> Protocol:
        """In the draft: take a parameter over as it stands, or set it for this clinic, with what
        the clinic's own value rests on."""
        with self._session.change("decide_parameter") as work:
            bundle = self._drafted(work)
            held = _param(bundle, criterion, param)
            shipped = _param(replace(bundle, decisions=()), criterion, param).value
            taken = held.value if value is None else value
            own = basis.strip() or (held.own_basis if taken == held.value else "")
            if taken != shipped and not own:
                raise WrongMove(_("A value of the clinic's own needs a basis; not changed."))
            decided = content.ParamDecision(
                criterion, param, taken, self._session.staff.name, own if taken != shipped else ""
            )
            kept = [d for d in bundle.decisions if (d.criterion, d.param) != (criterion, param)]
            return self._draft(work, replace(bundle, decisions=(*kept, decided)))

    def take_shipped(self) -> Protocol:
        """In the draft: the content that came with this app, with the clinic's decisions and
        wordings that still fit it."""
        with self._session.change("take_shipped") as work:
            bundle = self._drafted(work)
            shipped = content.shipped()
            return self._draft(work, content.carried_over(bundle, shipped))

    def drop_draft(self) -> Protocol:
        """Back to the protocol in force."""
        with self._session.change("drop_draft") as work:
            self._forget_draft(work)
            return self._office.in_force(work.connection)

    def read_wording(self, path: Path) -> Questionnaire:
        """The questions of a FHIR Questionnaire: a proposal, of which nothing is written."""
        review.role_for(self._session.staff, "read_wording")
        return imports.read(path)

    def attest_wording(self, instrument: str, texts: Mapping[str, str], source: str) -> Protocol:
        """The official text of every item of an instrument, typed in from `source`. Whoever does
        it answers for it by name: new intakes read it out at once, and no rule changes."""
        with self._session.change("attest_wording") as work:
            wording = self._attested(work, instrument, texts, source)
            settings = clinic.settings(work.connection)
            if settings.get(_DRAFT):
                drafted = self._bundle(work, settings[_DRAFT])
                self._draft(work, _with_wording(drafted, wording))
            bundle = self._bundle(work, settings[_IN_FORCE])
            return put_in_force(work, _with_wording(bundle, wording))

    # Adoption -------------------------------------------------------------------------------------

    def adopt_protocol(self, reason: str) -> Protocol:
        """The draft comes into force for new intakes: a clinician answers for it by name.

        Placeholders stay marked until they are decided. Intakes that are open keep the protocol
        that they were taken with; those whose flags would change are to be looked at again.
        """
        with self._session.change("adopt_protocol") as work:
            if not reason.strip():
                raise WrongMove(_("An adoption needs a reason in words; nothing was adopted."))
            name = self._session.staff.name
            bundle = replace(self._drafted(work), adopted_by=name, adopted_because=reason.strip())
            adopted = put_in_force(work, bundle)
            self._forget_draft(work)
            for case in self._open_cases(work):
                if difference.flag_changes(case.intake, case.protocol, adopted, case.today):
                    self._move(work, case, intakes.LOOK_AGAIN)
            return adopted

    def to_look_at_again(self) -> tuple[LookAgain, ...]:
        """Intakes without a signature whose flags changed with the protocol, and how."""
        with self._session.read("to_look_at_again") as work:
            now = self._office.in_force(work.connection)
            work.journal.note("worklist_viewed", "look_again")
            return tuple(
                LookAgain(
                    case.intake,
                    difference.flag_changes(case.intake, case.protocol, now, case.today),
                )
                for case in (self._case(work, id_) for id_ in intakes.waiting(work.connection))
            )

    def looked_again(self, intake_id: str, reason: str) -> Case:
        """A clinician has seen what the protocol in force would raise; the words stand as a note
        beside the intake, and the signature is free again."""
        with self._session.change("looked_again") as work:
            case = self._case(work, intake_id)
            review.check_editable(case.intake)
            if not case.intake.look_again:
                raise WrongMove(_("This intake waits for no second look; nothing was changed."))
            if not reason.strip():
                raise WrongMove(_("A second look needs words; nothing was saved."))
            text = _("Looked at again: {reason}").format(reason=reason.strip())
            note = Note(text, "", work.journal.at, self._session.staff.id)
            row = {"intake_id": intake_id, "item": "", "text": note.text}
            work.write(schema.note, row, "note_added")
            seen = replace(case.intake, notes=(*case.intake.notes, note))
            return self._move(work, replace(case, intake=seen), intakes.LOOKED_AGAIN)

    # ----------------------------------------------------------------------------------------------

    def _move(self, work: Transaction, case: Case, move: str) -> Case:
        row = {"intake_id": case.intake.id, "move": move}
        work.write(schema.intake_move, row, f"intake_{move}")
        waits = move == intakes.LOOK_AGAIN
        moved = replace(case, intake=replace(case.intake, look_again=waits))
        worklist.keep(work.connection, moved, work.journal.at, self._session.staff.id)
        return moved

    def _open_cases(self, work: Transaction) -> Iterator[Case]:
        for intake_id in intakes.unsigned(work.connection):
            yield self._case(work, intake_id)

    def _case(self, work: Transaction | Look, intake_id: str) -> Case:
        return self._office.case(*self._office.intake(work.connection, intake_id))

    def _bundle(self, work: Transaction, digest: str) -> content.Bundle:
        return content.Bundle.from_text(clinic.protocol_text(work.connection, digest))

    def _drafted(self, work: Transaction) -> content.Bundle:
        return self._bundle(work, _drafted(clinic.settings(work.connection)))

    def _draft(self, work: Transaction, bundle: content.Bundle) -> Protocol:
        """Nobody has adopted a draft, whoever adopted what it began as."""
        drafted = _kept(work, replace(bundle, adopted_by=None, adopted_because=""))
        setting = {"name": _DRAFT, "value": drafted.digest}
        work.write(schema.setting, setting, "protocol_drafted")
        return drafted

    def _forget_draft(self, work: Transaction) -> None:
        work.write(schema.setting, {"name": _DRAFT, "value": ""}, "protocol_draft_closed")

    def _attested(
        self, work: Transaction, instrument: str, texts: Mapping[str, str], source: str
    ) -> content.Wording:
        in_force = clinic.settings(work.connection)[_IN_FORCE]
        known = content.instruments(self._bundle(work, in_force)).get(instrument)
        if known is None:
            raise NotFound(_("instrument '{name}'").format(name=instrument))
        _check_texts([item.id for item in known.items], texts, source)
        plain = tuple((item.id, texts[item.id].strip()) for item in known.items)
        return content.Wording(instrument, plain, source.strip(), self._session.staff.name)


def _drafted(settings: Mapping[str, str]) -> str:
    """The digest of the draft, or of what is in force where there is none."""
    return settings.get(_DRAFT) or settings[_IN_FORCE]


def _param(bundle: content.Bundle, criterion: str, param: str) -> Param:
    known = content.build(bundle).by_criterion.get(criterion)
    if known is None or param not in known.params:
        raise NotFound(_("parameter '{name}'").format(name=f"{criterion}.{param}"))
    return known.params[param]


def _with_wording(bundle: content.Bundle, wording: content.Wording) -> content.Bundle:
    kept = [w for w in bundle.wordings if w.instrument != wording.instrument]
    return replace(bundle, wordings=(*kept, wording))


def _check_texts(items: Iterable[str], texts: Mapping[str, str], source: str) -> None:
    items = tuple(items)
    missing = [item for item in items if not texts.get(item, "").strip()]
    if missing:
        template = _("The official text is still missing for {items}; nothing was changed.")
        raise WrongMove(template.format(items=", ".join(missing)))
    if set(texts) - set(items):
        template = _("{items} are no items of this instrument; nothing was changed.")
        raise WrongMove(template.format(items=", ".join(sorted(set(texts) - set(items)))))
    if not source.strip():
        raise WrongMove(_("An official text needs its source; nothing was changed."))


def _kept(work: Transaction, bundle: content.Bundle) -> Protocol:
    protocol = content.build(bundle)
    clinic.keep_protocol(
        work.connection,
        work.journal,
        digest=protocol.digest,
        name=protocol.name,
        version=protocol.version,
        content=bundle.to_text(),
    )
    return protocol


def put_in_force(work: Transaction, bundle: content.Bundle) -> Protocol:
    """For new intakes; those that are open keep the text that they were taken with."""
    protocol = _kept(work, bundle)
    setting = {"name": _IN_FORCE, "value": protocol.digest}
    work.write(schema.setting, setting, "protocol_in_force")
    return protocol
