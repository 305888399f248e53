"""`make fuzz`, guided by coverage: Atheris grows recorded bodies towards branches of the translators not yet taken.

For where Atheris is installed (dependency group `fuzz`). A body that is found is left in `dist/fuzz` by its hash.
"""

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path
from typing import Final

import atheris

MOST_BYTES: Final = 65_536
MEMORY_MEBIBYTES: Final = 2_048
FOUND: Final = Path("dist/fuzz")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=15)
    given = parser.parse_args()
    with atheris.instrument_imports(include=["adapters.inbound.intake"], enable_loader_override=False):
        from tests.fuzz.bodies import ANY_BODY
        from tests.fuzz.targets import CASE_SECONDS, targets
        from tests.support.payloads import ALL
    FOUND.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack, tempfile.TemporaryDirectory(prefix="tocsin-fuzz-") as corpus:
        checks = [stack.enter_context(each.open()) for each in targets() if each.cases is ANY_BODY]

        def examine(case: bytes) -> None:
            """The first byte says which translator it is for; what must hold is what holds for `make fuzz`."""
            if case:
                checks[case[0] % len(checks)](case[1:])

        for translator in range(len(checks)):
            for number, body in enumerate(ALL):
                Path(corpus, f"{translator}-{number}").write_bytes(bytes((translator,)) + body)
        options = {
            "max_total_time": given.seconds,
            "max_len": MOST_BYTES,
            "timeout": CASE_SECONDS,
            "rss_limit_mb": MEMORY_MEBIBYTES,
            "artifact_prefix": f"{FOUND}/",
            "verbosity": 0,
            "print_final_stats": 1,
        }
        atheris.Setup([sys.argv[0], *(f"-{name}={value}" for name, value in options.items()), corpus], examine)
        atheris.Fuzz()  # which ends the process


if __name__ == "__main__":
    main()
