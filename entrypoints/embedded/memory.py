"""What memory this machine has, or the container in it, and what of it the embedded PostgreSQL may keep pages in."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

MEBIBYTE: Final = 1 << 20
# A database server of its own is given a quarter (PostgreSQL, "Resource Consumption"). This one shares the machine with
# us and with whatever else its owner runs, and what it does not keep is likely to be in the kernel's cache.
SHARE: Final = 8
LEAST_BUFFERS: Final = 128 * MEBIBYTE  # PostgreSQL's own default
MOST_BUFFERS: Final = 1024 * MEBIBYTE  # 40,000 repeating alerts among millions, each on three pages of its own
# Version 2 and version 1 of control groups, as a container sees its own; a group without a limit says `max`, or a
# number of bytes that no machine has.
LIMITS: Final = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def memory_bytes(limits: Iterable[Path] = LIMITS) -> int:
    """The machine's memory, or less where a container is allowed less."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for path in limits:
        try:
            said = path.read_text().strip()
        except OSError:
            continue
        if said.isdecimal():
            found.append(int(said))
    return min(found)


def shared_buffers(memory: int) -> str:
    """PostgreSQL's setting of that name, for so many bytes of memory."""
    return f"{min(max(memory // SHARE, LEAST_BUFFERS), MOST_BUFFERS) // MEBIBYTE}MB"
