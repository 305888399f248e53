"""Vectors computed by Alertmanager."""

import pytest

from domain.alert.fingerprint import fingerprint, group_hash

NODE_DOWN = {
    "alertname": "TargetDown",
    "cluster": "eu-1",
    "instance": "127.0.0.1:18999",
    "job": "flap",
    "replica": "a",
    "severity": "critical",
}


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"alertname": "alert1", "lbl1": "val1"}, "fac0861a85de433a"),
        (NODE_DOWN, "38cf7fe9cd30e910"),
        ({}, "cbf29ce484222325"),  # the offset basis: nothing was hashed
    ],
)
def test_the_fingerprint_is_alertmanagers(labels: dict[str, str], expected: str) -> None:
    assert fingerprint(labels) == expected


def test_neither_order_nor_empty_labels_count() -> None:
    shuffled = {"zone": "", **dict(reversed(NODE_DOWN.items()))}

    assert fingerprint(shuffled) == fingerprint(NODE_DOWN)


def test_ignored_labels_do_not_count() -> None:
    other_replica = {**NODE_DOWN, "replica": "b"}

    assert fingerprint(other_replica) != fingerprint(NODE_DOWN)
    assert fingerprint(other_replica, ignore={"replica"}) == fingerprint(NODE_DOWN, ignore={"replica"})


def test_names_and_values_do_not_run_into_each_other() -> None:
    assert fingerprint({"a": "bc"}) != fingerprint({"ab": "c"})


def test_the_group_hash_is_alertmanagers() -> None:
    expected = "15e4043dc669f75b85839d759259f14bc63f17a6f724c89cf78cb17344c6340c"

    assert group_hash('{}:{alertname="TargetDown", cluster="eu-1"}') == expected
