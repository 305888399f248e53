import json
import sys
from pathlib import Path
from typing import Any

from adapters.inbound.cli.exit_code import CommandError, ExitCode


def read_json(file: str) -> Any:
    """What the file holds; - is the standard input. Raises `CommandError`."""
    try:
        return json.loads(sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"cannot read {file}: {error.strerror}", ExitCode.USAGE) from None
    except ValueError as error:
        raise CommandError(f"{file} is no JSON: {error}", ExitCode.USAGE) from None
