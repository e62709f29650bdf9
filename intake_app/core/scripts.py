"""What is read aloud beside the questions of the protocol, in the order of a call.

The wording is our own (workflow.md, "Stages"; escalation.md, "Words"). A clinic may put its own in
place of each text, under the same fields; words that judge or harm are refused. Three kinds never
look alike: read aloud, read if asked, not read at all (ux.md, 2.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from string import Formatter

from intake_app.core.errors import WrongMove
from intake_app.core.lint import UNFIT
from intake_app.core.model import Clinic
from intake_app.core.words import _


class Kind(Enum):
    ALOUD = "aloud"
    IF_ASKED = "if_asked"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Script:
    """One text. `title` says where it is said, or what was asked; `text` is the built-in one."""

    key: str
    kind: Kind
    title: str
    text: str

    @property
    def fields(self) -> tuple[str, ...]:
        """The names in braces that the call fills in; a text of the clinic's has them all."""
        return _fields(self.text)


Own = Mapping[str, str]  # a clinic's texts by key; where there is none, the built-in one is said
OTHER, CLOSED, CLOSED_OTHER = "other", "closed", "closed_other"  # behind the key of a text
LONGEST = 500  # characters, so that what is read aloud stays on the card


def said(own: Own, key: str, **values: str) -> str:
    """The clinic's text with the fields filled in; the built-in one where it has none, or one that
    an older version of the app took and this one would refuse."""
    script = scripts()[key]
    text = own.get(key, "")
    if not text or _trouble(script, text):
        text = script.text
    return text.format(**{name: values[name] for name in script.fields})


def lines(clinic: Clinic) -> Mapping[str, str]:
    """The fields that the clinic's own numbers fill."""
    return {
        "line": clinic.numbers.get("crisis_line", "").strip() or _("a crisis line"),
        "emergency": clinic.numbers.get("emergency", "").strip() or _("emergency services"),
    }


def refuse(own: Own) -> None:
    """Raise WrongMove at the first text that cannot be read out as it stands."""
    known = scripts()
    for key, text in own.items():
        if key not in known:
            trouble = _("There is no text called {key}.").format(key=key)
        else:
            trouble = _trouble(known[key], text)
        if trouble:
            raise WrongMove(_("{trouble} Nothing was changed.").format(trouble=trouble))


def _trouble(script: Script, text: str) -> str:
    if not text.strip() or not text.isprintable() or len(text) > LONGEST:
        return _("A text has 1 to {most} characters on one line.").format(most=LONGEST)
    unfit = UNFIT.search(text)
    if unfit is not None:
        template = _("The words “{words}” judge or harm, and nobody has them read out.")
        return template.format(words=unfit.group())
    if _filled(text) == set(script.fields):
        return ""
    if not script.fields:
        return _("This text has nothing to fill in, so no braces stand in it.")
    wanted = " ".join(f"{{{name}}}" for name in script.fields)
    return _("This text needs {fields}, and no other braces.").format(fields=wanted)


def _filled(text: str) -> set[str] | None:
    """None where braces are no plain name."""
    try:
        return set(_fields(text))
    except ValueError:
        return None


def _fields(text: str) -> tuple[str, ...]:
    """In their order, each once; ValueError where braces are no plain name."""
    names: dict[str, None] = {}
    for _plain, name, how, conversion in Formatter().parse(text):
        if name is not None:
            if not name.isidentifier() or how or conversion:
                raise ValueError(name)
            names[name] = None
    return tuple(names)


def if_asked() -> tuple[Script, ...]:
    return tuple(each for each in scripts().values() if each.kind is Kind.IF_ASKED)


def scripts() -> Mapping[str, Script]:
    """Every text by its key, in the order of a call."""
    return {each.key: each for part in _PARTS for each in part()}


def _aloud(texts: Iterable[tuple[str, str, str]]) -> list[Script]:
    return [Script(key, Kind.ALOUD, title, text) for key, title, text in texts]


# The call -----------------------------------------------------------------------------------------


def _opening() -> list[Script]:
    greeting = _(
        "Thank you for calling {clinic}, this is {name}. I will ask you some questions and write "
        "down what you say; a clinician reads it all. You may leave out any question. This line is "
        "not for emergencies: for those phone {emergency}, and for thoughts of suicide {line}."
    )
    read_back = _("I read that back: your number is {number}, and you are at {place}. Right?")
    language = _(
        "Which language would you like to speak with us in? We can bring in an interpreter."
    )
    medicines = _(
        "Please tell me everything that you take, also without a prescription. I write it down as "
        "you say it."
    )
    return _aloud(
        [
            ("greeting", _("Before the first question"), greeting),
            ("read_back", _("Number and place, read back"), read_back),
            ("language", _("Language"), language),
            (
                "recording",
                _("Recording"),
                _("May we record this call? You may say no, and we go on all the same."),
            ),
            (
                "caller",
                _("Who calls"),
                _("Are you calling for yourself, or for somebody else?"),
            ),
            ("name", _("Name"), _("What is the name of the person that this call is about?")),
            ("medicines", _("Medicines"), medicines),
            (
                f"medicines.{OTHER}",
                _("Medicines, of somebody else"),
                _(
                    "Please tell me everything that they take, also without a prescription. I "
                    "write it down as it is said."
                ),
            ),
            (
                "more_trials",
                _("One more medicine tried"),
                _("Was another medicine for depression tried, one not named yet?"),
            ),
        ]
    )


def _transitions() -> list[Script]:
    """Said once, before the first question of a part."""
    suicide = _(
        "The next questions are about thoughts of suicide. Everybody who calls is asked them, in "
        "the same words. Take the time that you need."
    )
    return _aloud(
        [
            ("before.suicide", _("Before the questions on suicide"), suicide),
            (
                "before.health",
                _("Before the questions on health"),
                _("Thank you for telling me. Now some questions about health, one by one."),
            ),
            (
                "before.treatment",
                _("Before condition and treatment"),
                _("Now about the treatment so far, and what came of it."),
            ),
            (
                "before.practical",
                _("Before practical matters"),
                _("The last questions are about practical matters."),
            ),
        ]
    )


def _closing() -> list[Script]:
    return _aloud(
        [
            ("closing.thanks", _("At the end: thanks"), _("Thank you for telling me all this.")),
            (
                "closing.next",
                _("At the end: what happens next"),
                _(
                    "A clinician will read your answers, {when}, and decides what comes next; I "
                    "do not decide that, and nothing is booked yet. We call you at this number. "
                    "Please change none of your medicines because of this call."
                ),
            ),
            (
                "closing.next_other",
                _("At the end: what happens next, to somebody who called for another"),
                _(
                    "A clinician will read what you said, {when}. I cannot tell you what becomes "
                    "of it without that person's leave."
                ),
            ),
            (
                "closing.young",
                _("At the end: to somebody under the clinic's least age"),
                _(
                    "A clinician will read what you told me, {when}, and we call you at this "
                    "number. For your age there are people who can do more than we can, so I ask "
                    "no more today, and nothing is booked here. I would like a parent, a guardian "
                    "or another adult you trust to know that we spoke. Would that be all right, or "
                    "would it make things harder for you?"
                ),
            ),
            (
                "closing.young_other",
                _("At the end: to somebody who called for a person under the clinic's least age"),
                _(
                    "A clinician will read what you said, {when}. For their age there are people "
                    "who can do more than we can, so I ask no more today, and nothing is booked "
                    "here. We will need to know who has custody or guardianship."
                ),
            ),
            (
                "closing.release",
                _("At the end: release"),
                _("If we may speak with your own clinician, we send you a form to sign."),
            ),
            (
                "closing.crisis",
                _("At the end: crisis line"),
                _(
                    "If thoughts of ending your life come up, phone {line}, at any hour, day or "
                    "night."
                ),
            ),
            (
                "closing.crisis_other",
                _("At the end: crisis line, to somebody who called for another"),
                _(
                    "If you worry about them, or thoughts of ending their life come up, you and "
                    "they can phone {line}, at any hour, day or night."
                ),
            ),
            (
                "closing.worse",
                _("At the end: if it gets worse"),
                _(
                    "If anything gets worse, do not wait for our call: phone {emergency} when you "
                    "are in danger, and your own doctor for all else."
                ),
            ),
            (
                "closing.worse_other",
                _("At the end: if it gets worse, to somebody who called for another"),
                _(
                    "If anything gets worse, do not wait for our call: phone {emergency} when "
                    "anyone is in danger."
                ),
            ),
        ]
    )


# If they ask --------------------------------------------------------------------------------------


def _asked() -> list[Script]:
    """What callers ask, and what somebody may say who decides nothing (workflow.md, "Roles").

    That asking about suicide brings nobody to it: Dazzi and others 2014, Psychological Medicine 44
    (knowledge, not looked up).
    """
    texts = [
        (
            "asked.fit",
            _("“Can I have the treatment?”"),
            _(
                "I cannot tell you that, and nobody can on this call. A clinician reads your "
                "answers, may ask for tests, and talks it over with you."
            ),
        ),
        (
            "asked.why_suicide",
            _("“Why do you ask me about suicide?”"),
            _(
                "We ask everybody, so that nobody is left alone with it. Talking of it puts no "
                "thoughts into anybody's head, and you may leave out what you do not want to say."
            ),
        ),
        (
            "asked.who_reads",
            _("“Who gets to know this?”"),
            _(
                "The people who treat you here. For others we ask your leave, unless the law says "
                "otherwise. If I think that a life is in danger, I tell those who can help."
            ),
        ),
        (
            "asked.medicines",
            _("“Shall I stop my medicine?”"),
            _(
                "Please go on as it was prescribed. Whoever prescribed it, or our clinician, "
                "decides that with you; stopping at once can be dangerous."
            ),
        ),
        (
            "asked.works",
            _("“Will it help me?”"),
            _(
                "I cannot promise that. It helps some people and not others; the clinician tells "
                "you what is known and what may go wrong."
            ),
        ),
        (
            "asked.cost",
            _("“What does it cost?”"),
            _("I have somebody call you about the costs before anything is booked."),
        ),
        (
            "asked.wait",
            _("“When do I hear from you?”"),
            _(
                "A clinician reads this first, and then we call you. If it gets worse before that, "
                "do not wait for us: phone {emergency}, or {line} for thoughts of suicide."
            ),
        ),
        (
            "asked.staff",
            _("“Are you a doctor?”"),
            _("I take down what you tell me. A clinician reads it, and decides."),
        ),
    ]
    return [Script(key, Kind.IF_ASKED, title, text) for key, title, text in texts]


# For staff alone ----------------------------------------------------------------------------------


def _staff() -> list[Script]:
    texts = [
        (
            "staff.read_back",
            _("Number and place, read back"),
            _("Digit by digit. A no goes back to the number."),
        ),
        (
            "staff.language",
            _("Language"),
            _("A relative or a child interprets only until a qualified interpreter is there."),
        ),
        (
            "staff.recording",
            _("Recording"),
            _("Everybody on the line has to agree. A no is kept, and the call is not recorded."),
        ),
        (
            "staff.caller",
            _("Who calls"),
            _("Whoever calls for another is not the person at risk; that record is its own."),
        ),
        ("staff.name", _("Name"), _("As on their papers. Ask how it is spelled.")),
        (
            "staff.medicines",
            _("Medicines"),
            _("As it is said, with strength and how often. Never advise to stop or skip any."),
        ),
    ]
    return [Script(key, Kind.STAFF, title, text) for key, title, text in texts]


# The steps of the emergency panel: escalation.md, "Words"; the clinic may reword them. ------------


def step(own: Own, number: str, *, other: bool, closed: bool, **values: str) -> str:
    """What is read at a step: for somebody else, and with only what a yes or a no answers, where
    there are such words, else the plain ones."""
    plain = f"step.{number}"
    wanted = [f"{plain}.{CLOSED_OTHER}"] if other and closed else []
    wanted += [f"{plain}.{OTHER}"] if other else [f"{plain}.{CLOSED}"] if closed else []
    known = scripts()
    return said(own, next((key for key in wanted if key in known), plain), **values)


def _steps() -> list[Script]:
    def titled(number: str, about: str = "") -> str:
        title = _("Emergency panel, step {number}").format(number=number)
        return f"{title}: {about}" if about else title

    other, closed = _("about somebody else"), _("a yes or a no is enough")
    closed_other = _("about somebody else, a yes or a no is enough")
    found = [(f"step.{number}", titled(number), text) for number, text in _plain()]
    found += [(f"step.{n}.{OTHER}", titled(n, other), text) for n, text in _of_another()]
    found += [(f"step.{n}.{CLOSED}", titled(n, closed), text) for n, text in _closed()]
    found += [
        (f"step.{n}.{CLOSED_OTHER}", titled(n, closed_other), text)
        for n, text in _closed_of_another()
    ]
    return _aloud(sorted(found))


def _plain() -> Iterable[tuple[str, str]]:
    return {
        "1": _("I'm {name} at {clinic}. I'm glad you told me. I'm staying on the line with you."),
        "2": _("Have you already taken something or done anything to hurt yourself today?"),
        "3": _(
            "Where are you right now? What would somebody see from outside? Is anybody with you?"
        ),
        "4": _(
            "I'm asking a colleague to reach our clinician while we talk. I'm not going anywhere."
        ),
        "5": _(
            "Is there anything near you that you might use? Is there a gun where you are? Could "
            "you go to another room, or outside, while we talk?"
        ),
        "6": _(
            "I'd like somebody who is trained for this to talk with you. I will stay until they "
            "are on the line."
        ),
    }.items()


def _of_another() -> Iterable[tuple[str, str]]:
    return {
        "1": _(
            "Thank you for calling. Are you in danger yourself? I'm {name} at {clinic}. I'm "
            "staying on the line with you."
        ),
        "2": _(
            "As far as you know, have they already taken something or done anything to hurt "
            "themselves today?"
        ),
        "3": _(
            "Where are they right now? What would somebody see from outside? Is anybody with "
            "them? Can they come to the phone?"
        ),
        "4": _(
            "I'm asking a colleague to reach our clinician while we talk. I'm not going anywhere."
        ),
        "5": _(
            "As far as you know, is there anything near them that they might use? Is there a gun "
            "where they are? Please do not go near it."
        ),
        "6": _(
            "I'd like somebody who is trained for this to talk with them, or with you. I will "
            "stay until they are on the line."
        ),
    }.items()


def _closed() -> Iterable[tuple[str, str]]:
    return {
        "1": _(
            "I'm {name} at {clinic}. I'm glad you told me. I'm staying on the line with you. A "
            "yes or a no is enough."
        ),
        "2": _(
            "A yes or a no is enough. Have you already taken something or done anything to hurt "
            "yourself today?"
        ),
        "3": _(
            "Are you still at the place that you told us? Are you in a car? Is anybody with you?"
        ),
        "5": _(
            "Is there anything near you that you might use? Is there a gun where you are? Can you "
            "go to another room, or outside?"
        ),
    }.items()


def _closed_of_another() -> Iterable[tuple[str, str]]:
    return {
        "1": _(
            "Thank you for calling. A yes or a no is enough. Are you in danger yourself? I'm "
            "{name} at {clinic}. I'm staying on the line with you."
        ),
        "3": _(
            "Are you with them? Are they at home? Are they in a car? Can they come to the phone?"
        ),
    }.items()


_PARTS = (_opening, _transitions, _closing, _asked, _staff, _steps)
