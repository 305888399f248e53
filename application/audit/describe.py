"""The plain form of a value in the audit trail."""

from dataclasses import fields
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID


def describe(value: Any) -> dict[str, object]:
    """The fields of a dataclass as JSON can hold them, without secrets, whether hashed or sealed."""
    names = (field.name for field in fields(value) if not field.name.endswith(("_hash", "_sealed")))
    return {name: _plain(getattr(value, name)) for name in names}


def _plain(value: object) -> object:
    match value:
        case str():
            return str(value)  # the text alone of a StrEnum
        case None | bool() | int():
            return value
        case UUID():
            return str(value)
        case timedelta():
            return value.total_seconds()
        case datetime() | date() | time():
            return value.isoformat()
        case tuple():
            return [_plain(each) for each in value]
        case _:
            return describe(value)
