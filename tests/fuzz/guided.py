"""The half of `make fuzz` that is guided by coverage: a body that reaches a new branch is what the next ones come from.

libFuzzer mutates, and ends the process itself, so this runs in one of its own. With the name of a file that it kept, it
does that one case again.
"""

import argparse
import re
import signal
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Final

# What is to be covered. The standard library's parsers of mail are in it: they were what hung.
INSTRUMENTED: Final = ("adapters.inbound.intake", "adapters.inbound.http.senders", "domain.alert", "email")
# A case that fails or does not end is kept here.
FAILED: Final = Path("dist/fuzz")
# Longer bodies are what the doors and `bodies.AMPLIFIED` are for; of these, many a second say more.
BODY_BYTES: Final = 16 * 1024
MEMORY_MEBIBYTES: Final = 2048
# So long after the last case it is ended from outside, should it not end.
GRACE_SECONDS: Final = 60
SHOWN_CHARACTERS: Final = 6000  # of what it says when it fails: the trace, and where the case is kept


def is_possible() -> bool:
    """Whether this machine has the fuzzer: `make fuzz` installs it where there are wheels of it."""
    return find_spec("atheris") is not None


def cases_in(said: str) -> int:
    """How many there were, as libFuzzer says at its end."""
    found = re.search(r"stat::number_of_executed_units: *(\d+)", said)
    assert found, said[-SHOWN_CHARACTERS:]
    return int(found[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0, help="0: any")
    parser.add_argument("case", type=Path, nargs="?", help="a file that was kept")
    arguments = parser.parse_args()
    FAILED.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        _fuzz(arguments.case, Path(directory), seconds=arguments.seconds, seed=arguments.seed)


def _fuzz(case: Path | None, directory: Path, *, seconds: int, seed: int) -> None:
    import atheris

    with atheris.instrument_imports(include=list(INSTRUMENTED)):  # so these must be imported here, for the first time
        from tests.fuzz.translations import CASE_SECONDS, examine, write_corpus, write_dictionary

    corpus, dictionary = directory / "corpus", directory / "dictionary"
    corpus.mkdir()
    write_corpus(corpus)
    write_dictionary(dictionary)
    options = [
        f"-max_total_time={seconds}",
        f"-seed={seed}",
        f"-timeout={CASE_SECONDS}",
        f"-max_len={BODY_BYTES}",
        f"-rss_limit_mb={MEMORY_MEBIBYTES}",
        f"-dict={dictionary}",
        f"-artifact_prefix={FAILED}/",
        "-verbosity=0",
        "-print_final_stats=1",
    ]

    def examine_in_time(data: bytes) -> None:
        try:
            examine(data)
        except BaseException:
            # It looks for hangs by an alarm, which would end the process while the case is being kept.
            signal.setitimer(signal.ITIMER_REAL, 0)
            raise

    atheris.Setup([sys.argv[0], *options, str(corpus if case is None else case)], examine_in_time)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
