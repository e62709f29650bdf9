"""This process and whoever reads along. Light: it is loaded before everything else."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from intake_app.core.words import _


def no_core_dumps() -> None:
    """A core file would hold the key and the records (security.md, 0.5)."""
    with suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415 - POSIX only

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        _not_dumpable()
    os.umask(0o077)


def _not_dumpable() -> None:
    """A core that is piped to a program of the system ignores the limit; and no other process of
    this account looks into our memory."""
    with suppress(OSError, AttributeError, ImportError):
        import ctypes  # noqa: PLC0415

        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE, prctl(2)


def say(text: str) -> OSError | None:
    """To stdout. Somebody who stops reading stops nothing: `... | head -1` is no reason to leave a
    call half recorded. What was in the way, for those to whom the text is all there is."""
    try:
        print(text, flush=True)  # noqa: T201
    except OSError as error:
        _nobody_reads()
        return error
    return None


def flush() -> None:
    """What argparse printed: the interpreter would complain at its end."""
    try:
        print(end="", flush=True)  # noqa: T201
    except OSError:
        _nobody_reads()


def _nobody_reads() -> None:
    """So that neither the next line nor the end of the program trips over it again."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def tell(sentence: object) -> None:
    """To stderr."""
    with suppress(OSError):
        print(sentence, file=sys.stderr, flush=True)  # noqa: T201


def tell_stopped() -> None:
    tell(_("Stopped; what was said to be saved is safe."))


def tell_fault(kind: type[BaseException]) -> None:
    """What a fault carries may be a patient's; its class is not."""
    template = _(
        "The app met a fault of its own ({kind}) and stopped; what was saved before is safe. "
        "Tell those who look after it."
    )
    tell(template.format(kind=kind.__name__))


def stop_at_once(*_signal: object) -> None:
    """For the time in which modules load and nothing is recorded: an exception raised there may be
    swallowed half way by the import system."""
    tell_stopped()
    os._exit(1)
