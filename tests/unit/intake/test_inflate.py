import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.inbound.intake.inflate import NotGzipError, TooLongError, inflated


@given(st.lists(st.binary(max_size=200), min_size=1, max_size=4))
def test_what_was_compressed_comes_back(parts: list[bytes]) -> None:
    compressed = b"".join(gzip.compress(part) for part in parts)  # members follow each other

    assert inflated(compressed, most=800) == b"".join(parts)


def test_a_bomb_is_refused_before_it_goes_off() -> None:
    bomb = gzip.compress(bytes(200_000_000))
    assert len(bomb) < 250_000
    tracemalloc.start()
    with pytest.raises(TooLongError):
        inflated(bomb, most=1_000_000)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_a_bomb_of_many_members_is_refused_too() -> None:
    with pytest.raises(TooLongError):
        inflated(gzip.compress(bytes(1_000)) * 200, most=100_000)


@given(st.binary(min_size=1, max_size=300))
def test_any_bytes_are_gzip_or_said_not_to_be(body: bytes) -> None:
    try:
        inflated(body, most=1_000)
    except NotGzipError:
        assert body[:2] != b"\x1f\x8b" or len(body) < 300


@pytest.mark.parametrize("body", [zlib.compress(b"deflate"), gzip.compress(b"cut short", mtime=0)[:-3], b"{}"])
def test_what_is_no_gzip_or_not_all_of_it_is_refused(body: bytes) -> None:
    with pytest.raises(NotGzipError):
        inflated(body, most=1_000)
