"""Of whatever headers a request has, those are kept by which its body is read."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.inbound.http.senders import SENDERS, Sender
from adapters.inbound.intake.kept_headers import HEADERS_BYTES, kept_headers

KEY = "3f9c1e5a7b2d4c6e8f0a1b2c3d4e5f60"
SECRETS = ("authorization", "cookie", "sentry-hook-signature", "x-grafana-alerting-signature", "ce-token", "ce-apikey")

names = st.sampled_from(("content-type", "ce-id", "ce-type", "ce-key", "sentry-hook-resource", "x-other", *SECRETS))
values = st.text(string.printable, max_size=40) | st.just(f"https://tocsin.test/integrations/{KEY}/sentry")
requests = st.dictionaries(names, values)


@given(requests, st.sampled_from(SENDERS))
def test_no_secret_is_kept_nor_what_no_translator_reads(headers: dict[str, str], sender: Sender) -> None:
    kept = kept_headers(headers, sender.reads, key=KEY)

    assert not kept.keys() & set(SECRETS)
    assert all(name in sender.reads or (name.startswith("ce-") and "ce-" in sender.reads) for name in kept)
    assert all(KEY not in value for value in kept.values())


@given(requests, st.integers(0, 2 * HEADERS_BYTES))
def test_they_are_bounded_and_there_as_they_came_or_not_at_all(headers: dict[str, str], length: int) -> None:
    kept = kept_headers({**headers, "ce-long": "x" * length}, ("ce-",), key=KEY)

    assert sum(map(len, [*kept, *kept.values()])) <= HEADERS_BYTES
    wanted = {name for name in (*headers, "ce-long") if name.startswith("ce-") and name not in SECRETS}
    assert kept.keys() in (set(), wanted)


@pytest.mark.parametrize("sender", SENDERS, ids=lambda sender: sender.name)
def test_no_sender_is_read_by_what_lets_it_in(sender: Sender) -> None:
    assert not kept_headers(dict.fromkeys(SECRETS, "s"), sender.reads, key=KEY)
