import sys

from adapters.inbound.cli.exit_code import CommandError, ExitCode


def require_agreement(what: str, *, yes: bool, is_input_taken: bool = False) -> None:
    """Ask whoever is at the terminal, unless they have agreed. Raises `CommandError` when they do not, or cannot."""
    if yes:
        return
    if is_input_taken or not sys.stdin.isatty():
        raise CommandError(f"nobody can be asked whether to {what}: add --yes", ExitCode.USAGE)
    print(f"{what}? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().casefold() not in {"y", "yes"}:
        raise CommandError("nothing was changed", ExitCode.FAILURE)
