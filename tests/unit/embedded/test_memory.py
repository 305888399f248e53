"""What the embedded PostgreSQL keeps pages in grows with the memory there is, within bounds."""

from pathlib import Path

import pytest

from entrypoints.embedded.memory import memory_bytes, shared_buffers

GIBIBYTE = 1 << 30


@pytest.mark.parametrize(
    ("memory", "buffers"),
    [
        (GIBIBYTE // 2, "128MB"),
        (GIBIBYTE, "128MB"),
        (4 * GIBIBYTE, "512MB"),
        (8 * GIBIBYTE, "1024MB"),
        (64 * GIBIBYTE, "1024MB"),
    ],
)
def test_postgresql_keeps_pages_in_an_eighth_of_the_memory_within_bounds(memory: int, buffers: str) -> None:
    assert shared_buffers(memory) == buffers


def test_a_container_has_the_memory_that_it_is_allowed(tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text("67108864\n")
    assert memory_bytes([limit]) == 67_108_864


@pytest.mark.parametrize("said", ["max\n", "9223372036854771712\n"])
def test_a_container_without_a_limit_has_the_memory_of_its_machine(tmp_path: Path, said: str) -> None:
    limit = tmp_path / "memory.max"
    limit.write_text(said)
    assert memory_bytes([limit]) == memory_bytes([tmp_path / "absent"])
