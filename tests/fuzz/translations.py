"""What translators must never do, and their cases as one string of bytes, which is all that libFuzzer knows.

It imports little: whatever is imported while `guided` instruments costs its start.
"""

from pathlib import Path
from typing import Final

from tests.property.intake.test_translators import MEMBERS, TRANSLATORS, Translator, assert_within_limits, outcome
from tests.support import payloads

# The longest body takes a fraction of it on an idle machine, and this one is shared.
CASE_SECONDS: Final = 10

RECORDED: Final = (
    *payloads.ALL,
    payloads.OPSGENIE_CREATE,
    payloads.UPTIMEROBOT_DOWN,
    payloads.CLOUDWATCH_ALARM,
    payloads.EVENTBRIDGE_ALARM,
)


def examine_translation(translate: Translator, body: bytes) -> None:
    """Events within the limits, or a refusal with a reason; never anything else."""
    result = outcome(translate, body)
    if isinstance(result, tuple):
        for event in result:
            assert_within_limits(event)
    else:
        assert result.errors
        assert all(error.reason for error in result.errors)


def coded(translator: int, body: bytes) -> bytes:
    return bytes((translator,)) + body


def decoded(data: bytes) -> tuple[Translator, bytes]:
    """Any bytes are a case: the first chooses among the translators, whatever it is."""
    return TRANSLATORS[(data[0] if data else 0) % len(TRANSLATORS)], data[1:]


def examine(data: bytes) -> None:
    """Raises `AssertionError`, or what the translator should not have raised."""
    examine_translation(*decoded(data))


def write_corpus(directory: Path) -> None:
    """Every recorded body, for every translator: those of others are where the odd shapes begin."""
    for translator in range(len(TRANSLATORS)):
        for number, body in enumerate(RECORDED):
            (directory / f"{translator}-{number}").write_bytes(coded(translator, body))


def write_dictionary(path: Path) -> None:
    """The names that senders use, which chance would take long to spell."""
    path.write_text("".join(f'"{member}"\n' for member in MEMBERS))
