"""Garbage collection in processes that must answer, and page, within milliseconds."""

import gc
from typing import Final

# So many more objects than were freed before the young ones are looked at. A body of a hundred events makes a thousand,
# which all go with its answer: looked at every 2,000, as Python does, they are a twentieth of what the body costs.
YOUNG: Final = 20_000


def settle() -> None:
    """Leave what start-up made out of every later collection, for it stays; and collect seldom.

    A full collection walks all objects there are, and nothing else happens meanwhile. After the imports they are a
    quarter of a million, which took 250 ms where it was measured.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])
