"""JSON from senders who do not always write JSON."""

import json
from math import isfinite
from typing import Any, Final

import msgspec

from adapters.inbound.intake import clean
from adapters.inbound.intake.errors import FieldError, MalformedEventError

_INTEGER_DIGITS: Final = 18  # more may not fit 64 bits, and Python refuses to convert thousands


def read[T](decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """The decoded body.

    What the decoder refuses is read once more, forgivingly: a byte order mark, bytes that are no UTF-8, lone
    surrogates, raw line breaks in strings, NaN and numbers beyond a float (kept as text) lose no page.

    Raises:
        MalformedEventError: no JSON, nested too deeply, or not of the decoder's type.
    """
    try:
        return decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        document = _forgiving(body)
    try:
        return msgspec.convert(document, decoder.type)
    except msgspec.ValidationError as error:
        raise _unrecognized("the body must be a JSON object") from error


def _forgiving(body: bytes) -> Any:
    try:
        document = json.loads(
            body.decode("utf-8-sig", "replace"),
            strict=False,
            parse_constant=str,
            parse_float=_finite,
            parse_int=_bounded,
        )
    except RecursionError as error:
        raise _unrecognized("JSON is nested too deeply") from error
    except ValueError as error:
        raise _unrecognized("JSON parse error") from error
    # Converting to a type raises UnicodeEncodeError for names and choices with lone surrogates.
    return clean.json_value(document)


def _finite(digits: str) -> float | str:
    number = float(digits)
    return number if isfinite(number) else digits


def _bounded(digits: str) -> int | str:
    return int(digits) if len(digits) <= _INTEGER_DIGITS else digits


def _unrecognized(reason: str) -> MalformedEventError:
    return MalformedEventError([FieldError("", reason)], unrecognized=True)
