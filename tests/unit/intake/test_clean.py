import pytest

from adapters.inbound.intake import clean, severities
from domain.alert.alert_event import AlertSeverity, Link


@pytest.mark.parametrize("code_point", [0, 0xD800, 0xDFFF])
def test_what_postgresql_text_refuses_is_replaced(code_point: int) -> None:
    unstorable = chr(code_point)

    assert clean.text(f"a{unstorable}b") == "a\ufffdb"
    assert clean.text(f"ä{unstorable}b") == "ä\ufffdb"


def test_all_other_text_is_kept() -> None:
    assert clean.text("tab\t, line\n, 日本語, 😀") == "tab\t, line\n, 日本語, 😀"


def test_text_is_cut_with_an_ellipsis_as_its_last_character() -> None:
    assert clean.cut("abcd", 4) == "abcd"
    assert clean.cut("abcde", 4) == "abc…"


def test_json_values_keep_their_shape() -> None:
    value = {"a": [1, 2.5, True, None, "x\x00"], "b\x00": {"c": 2**63 - 1}}

    assert clean.json_value(value) == {"a": [1, 2.5, True, None, "x\ufffd"], "b\ufffd": {"c": 2**63 - 1}}


def test_integers_beyond_64_bits_become_text() -> None:
    assert clean.json_value([2**63, -(2**63) - 1]) == ["9223372036854775808", "-9223372036854775809"]


def test_deep_values_are_cut_and_say_so() -> None:
    deep: object = "bottom"
    for _ in range(40):
        deep = [deep]
    cut = clean.json_value(deep)

    levels = 0
    while isinstance(cut, list):
        (cut,) = cut
        levels += 1
    assert (levels, cut) == (32, clean.TOO_DEEP)


def test_labels_are_text_and_not_empty() -> None:
    labels = clean.labels({"a": "x", "b": 1, "c": True, "d": "", "e": None})

    assert labels == ({"a": "x", "b": "1", "c": "true"}, 0)


def test_labels_that_are_too_long_or_no_text_are_dropped_and_counted() -> None:
    labels = clean.labels({"a": "x", "long": "x" * 1025, "n" * 1025: "x", "": "x", "nested": {"a": "b"}})

    assert labels == ({"a": "x"}, 4)


def test_the_same_labels_are_dropped_whatever_their_order() -> None:
    values = {f"l{number:03}": "x" for number in range(70)} | {"severity": "page", "team": "core"}
    forwards = clean.labels(values)
    backwards = clean.labels(dict(reversed(values.items())))

    assert forwards == backwards
    assert (len(forwards.kept), forwards.dropped) == (64, 8)
    assert forwards.kept["severity"] == "page"
    assert "l061" in forwards.kept
    assert "l062" not in forwards.kept


def test_links_that_a_browser_must_not_follow_are_dropped_and_counted() -> None:
    links = clean.links(
        [
            ("https://rb.example/1", "runbook"),
            ("HTTP://rb.example/2", None),
            ("https://rb.example/1", "again"),
            ("", "no address"),
            (None, "no address"),
            ("javascript:alert(1)", "x"),
            ("https://" + "x" * 2048, "long"),
        ]
    )

    kept = (Link(href="https://rb.example/1", text="runbook"), Link(href="HTTP://rb.example/2"))
    assert links == (kept, 2)


def test_there_are_at_most_32_links() -> None:
    links = clean.links([(f"https://rb.example/{number}", "") for number in range(40)])

    assert (len(links.kept), links.dropped) == (32, 8)


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("page", AlertSeverity.CRITICAL),
        ("crit", AlertSeverity.CRITICAL),
        (" Critical ", AlertSeverity.CRITICAL),
        ("high", AlertSeverity.ERROR),
        ("WARN", AlertSeverity.WARNING),
        ("none", AlertSeverity.INFO),
        ("purple", None),
        ("", None),
        (3, None),
    ],
)
def test_words_for_severity(word: object, severity: AlertSeverity | None) -> None:
    assert severities.lenient(word) is severity


def test_only_the_four_grades_are_exact() -> None:
    assert severities.exact("Warning") is AlertSeverity.WARNING
    assert severities.exact("page") is None


def test_critical_is_the_worst() -> None:
    assert sorted(AlertSeverity, key=severities.rank) == [
        AlertSeverity.INFO,
        AlertSeverity.WARNING,
        AlertSeverity.ERROR,
        AlertSeverity.CRITICAL,
    ]
