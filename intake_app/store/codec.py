"""The one way in which values become text in the store and in what is signed."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from intake_app.core.model import BloodPressure, PartialDate, Value


def canonical(value: object) -> str:
    """JSON with sorted keys, no spaces, ASCII: equal values give equal bytes (RFC 8785 in the
    part that is used here: texts, whole numbers, lists and tables)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def time_text(moment: datetime) -> str:
    """UTC with microseconds; refuses a time without a zone."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def time_of(text: str) -> datetime:
    return datetime.fromisoformat(text)


def value_text(value: Value | None) -> str:
    """JSON; dates and pressures as they are written, decimals as text."""
    if isinstance(value, PartialDate):
        value = value.text
    if isinstance(value, BloodPressure):
        value = str(value)
    if isinstance(value, Decimal):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


# Made once: most answers are yes or no, and all of an intake's are read at every key.
_read = json.JSONDecoder(parse_float=Decimal).decode
_PLAIN = {"true": True, "false": False, "null": None}


def raw_value(text: str) -> Any:
    return _PLAIN[text] if text in _PLAIN else _read(text)
