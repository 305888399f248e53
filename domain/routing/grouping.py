"""Which alerts share an incident, when a rule says by which labels."""

from collections.abc import Collection, Mapping
from hashlib import sha256


def grouped_by(names: Collection[str], labels: Mapping[str, str]) -> str:
    """One key for each combination of values. It depends on neither the order of the names nor that of the labels.

    A hash, because keys are bounded and values are not. Lengths keep names and values from running into each other.
    """
    parts = [f"{len(text)}:{text}" for name in sorted(set(names)) for text in (name, labels.get(name, ""))]
    return "by:" + sha256("".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
