"""Documents that a command is given as a file, or on the standard input as `-`."""

import json
import sys
import tomllib
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from adapters.inbound.cli.exit_code import CommandError, ExitCode

# The name of a file; - is the standard input.
File = Annotated[str | None, Parameter(allow_leading_hyphen=True)]


def read_json(file: str) -> Any:
    """Raises `CommandError`."""
    try:
        return json.loads(_text(file))
    except ValueError as error:
        raise CommandError(f"{file} is no JSON: {error}", ExitCode.USAGE) from None


def read_document(file: str) -> dict[str, Any]:
    """An object: JSON when it begins like one, otherwise TOML. Raises `CommandError`."""
    text = _text(file)
    is_json = text.lstrip()[:1] in ("{", "[")
    try:
        document = json.loads(text) if is_json else tomllib.loads(text)
    except ValueError as error:
        raise CommandError(f"{file} is no {'JSON' if is_json else 'TOML'}: {error}", ExitCode.USAGE) from None
    if not isinstance(document, dict):
        raise CommandError(f"{file} must be an object", ExitCode.USAGE)
    return document


def _text(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(f"cannot read {file}: {error.strerror}", ExitCode.USAGE) from None
    except UnicodeDecodeError:
        raise CommandError(f"{file} is not UTF-8", ExitCode.USAGE) from None
