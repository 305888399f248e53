"""Garbage collection in processes that must answer, and page, within milliseconds."""

import gc


def settle() -> None:
    """Leave what start-up made out of every later collection, for it stays.

    A full collection walks all objects there are, and nothing else happens meanwhile. After the imports they are a
    quarter of a million, which took 250 ms where it was measured.
    """
    gc.collect()
    gc.freeze()
