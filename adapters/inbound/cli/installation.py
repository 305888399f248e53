"""Commands about the installation itself: its processes, its database, its settings."""

import sys
from typing import Final

from adapters.inbound.cli.context import INSTALLATION, Given, Switch, commands_of
from adapters.inbound.cli.exit_code import CommandError, ExitCode
from adapters.inbound.cli.operations import Finding
from adapters.inbound.cli.output import Output, say, show_json, show_line, show_table

database_app: Final = commands_of("db", "The database: migrate, check, seal.", group=INSTALLATION)
demo_app: Final = commands_of("demo", "Example data: seed, remove.", group=INSTALLATION)

_MARKS: Final = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}


def up(*, demo: Switch = False, cli: Given) -> int:
    """Run everything on this machine, with its own PostgreSQL and Valkey unless URLs are set. Ctrl-C stops it.

    Parameters
    ----------
    demo
        Begin with example services, people and incidents.
    """
    return cli.operations.up(demo=demo)


def http(*, cli: Given) -> int:
    """Run the HTTP server: the API, and the doors for events."""
    return cli.operations.http()


def worker(*, cli: Given) -> int:
    """Run the worker: escalations, deliveries, upkeep."""
    return cli.operations.worker()


def consumer(*, cli: Given) -> int:
    """Run the consumer: events from the SQS queue."""
    return cli.operations.consumer()


@database_app.command
def migrate(*, cli: Given) -> None:
    """Bring the schema to this version's."""
    cli.operations.migrate()
    say("the schema is the one that this version works with")


@database_app.command
def check(*, cli: Given) -> None:
    """Say whether the schema is the one that this version works with."""
    cli.operations.check_schema()
    say("the schema is the one that this version works with")


@database_app.command
def seal(*, output: Output = "table", cli: Given) -> int:
    """Seal stored secrets under the present secret key: those that lie clear, and those that the key before sealed.

    Everything goes on meanwhile, and whoever stops it may begin again. Exit code 1 when some can be read with neither
    key.
    """
    done = cli.operations.seal(lambda count: say(f"{count} are sealed anew"))
    if output == "json":
        show_json(done)
    else:
        say(f"{done['clear']} lay clear and {done['outdated']} were sealed under the key before: all are sealed now")
    if not done["unreadable"]:
        return ExitCode.OK
    say(f"{done['unreadable']} can be read with neither key: set TOCSIN_SECRET_KEY_PREVIOUS, or replace them")
    return ExitCode.FAILURE


@demo_app.command
def seed(*, cli: Given) -> None:
    """Add example services, people and incidents; those that are there stay as they are."""
    cli.operations.seed_demo()
    say("the example data is there; `tocsin incident list` shows some of it")


@demo_app.command
def remove(*, cli: Given) -> None:
    """Remove the example data, and nothing else."""
    cli.operations.remove_demo()
    say("the example data is gone")


def doctor(*, output: Output = "table", cli: Given) -> int:
    """Check the installation, and say what to do about what is wrong. Fails when a check fails."""
    findings: list[Finding] = []

    def report(finding: Finding) -> None:
        findings.append(finding)
        if output == "table":
            _show_finding(finding)

    cli.operations.examine(report)
    if output == "json":
        show_json([finding._asdict() for finding in findings])
    failed = sum(finding.verdict == "fail" for finding in findings)
    warned = sum(finding.verdict == "warn" for finding in findings)
    say(f"{len(findings)} checks: {failed} failed, {warned} to look at")
    return ExitCode.FAILURE if failed else ExitCode.OK


def config(*, output: Output = "table", cli: Given) -> None:
    """Show the settings in effect and where each comes from. Secrets are masked."""
    settings = cli.operations.settings()
    if output == "json":
        show_json([setting._asdict() for setting in settings])
        return
    show_table(("SETTING", "VALUE", "FROM"), settings)


def version(*, output: Output = "table") -> None:
    """Show the version of this program."""
    found = installed_version()
    if output == "json":
        show_json({"version": found, "python": sys.version.split()[0]})
        return
    show_line(f"tocsin {found}")


def installed_version() -> str:
    from importlib.metadata import version as version_of

    return version_of("tocsin")


def setup(secret: str, /, *, output: Output = "table", cli: Given) -> None:
    """Choose a password with the secret of a setup link, which works once.

    The password is asked for, or read from the standard input when that is no terminal.
    """
    body = {"setup_secret": secret, "new_password": _new_password()}
    tokens = cli.door().post("/v1/setup", body)
    if output == "json":
        show_json(tokens)
        return
    say("the password is set")


def _new_password() -> str:
    """Raises `CommandError` when it was not typed the same twice."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    from getpass import getpass

    password = getpass("New password, 12 characters at least: ")
    if getpass("Once more: ") != password:
        raise CommandError("the two are not the same: try again", ExitCode.USAGE)
    return password


def _show_finding(finding: Finding) -> None:
    show_line(f"{_MARKS[finding.verdict]}  {finding.check}: {finding.detail}")
    if finding.hint:
        show_line(f"      {finding.hint}")
