from typing import Final

from adapters.inbound.cli.exit_code import CommandError, ExitCode

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


def seconds_option(option: str, text: str) -> int:
    """`10m` and the like, in seconds. Raises `CommandError`."""
    number, unit = text[:-1], text[-1:]
    if unit not in _UNITS or not number.isdecimal():
        raise CommandError(f"{option} is {text!r}: write how long, such as 90s, 10m, 2h or 1d", ExitCode.USAGE)
    return int(number) * _UNITS[unit]
