"""Compressed bodies, read no further than a limit: a few kilobytes of gzip can hold gigabytes (RFC 1952)."""

import zlib
from typing import Final

_GZIP: Final = 16 + zlib.MAX_WBITS  # zlib manual, inflateInit2: expect a gzip header


class TooLongError(Exception):
    """It holds more than was asked for, and nobody knows how much."""


class NotGzipError(Exception):
    """It is no gzip, or ends in the middle."""


def inflated(body: bytes, *, most: int) -> bytes:
    """What the gzip holds. Raises `TooLongError` once that is more than `most` bytes, and `NotGzipError`."""
    text = bytearray()
    while body:
        inflator = zlib.decompressobj(_GZIP)
        try:
            text += inflator.decompress(body, most + 1 - len(text))
        except zlib.error as error:
            raise NotGzipError(str(error)) from error
        if len(text) > most:
            raise TooLongError
        if not inflator.eof:
            raise NotGzipError("it ends in the middle")
        body = inflator.unused_data  # members may follow each other (RFC 1952, 2.2)
    return bytes(text)
