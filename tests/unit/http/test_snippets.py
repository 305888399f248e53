"""What to paste at a sender."""

import json
import subprocess

import pytest
import yaml  # type: ignore[import-untyped]  # comes with other packages of the tests

from adapters.inbound.http.senders import addressed
from adapters.inbound.http.snippets import KEY_PLACE, PublicUrl, instructions_for
from domain.service.integration import IntegrationKind

BASE = PublicUrl("https://tocsin.example")
KEY = "3f9c1e5a7b2d4c6e8f0a1b2c3d4e5f60"


@pytest.mark.parametrize("kind", IntegrationKind)
def test_every_kind_has_an_address_and_something_to_paste(kind: IntegrationKind) -> None:
    url, snippets = instructions_for(kind, BASE, KEY)
    assert url.startswith("https://tocsin.example/")
    assert snippets
    for snippet in snippets:
        assert "@url@" not in snippet.text
        assert "@key@" not in snippet.text
    without_its_key = instructions_for(kind, BASE)
    assert KEY not in str(without_its_key)


# Those with a door of their own, and one that appends to its address.
OTHERS = {
    IntegrationKind.PAGERDUTY,
    IntegrationKind.NATIVE,
    IntegrationKind.OPSGENIE,
    IntegrationKind.CLOUDWATCH,
    IntegrationKind.HEARTBEAT,
    IntegrationKind.PROMETHEUS,
}


@pytest.mark.parametrize("kind", sorted(set(IntegrationKind) - OTHERS))
def test_an_address_with_a_key_is_a_door_of_that_sender(kind: IntegrationKind) -> None:
    found = addressed(instructions_for(kind, BASE, KEY).url.removeprefix(BASE.text))
    assert found is not None
    assert (found.sender.name, found.key) == (kind, KEY)


@pytest.mark.parametrize(
    "kind",
    [IntegrationKind.ALERTMANAGER, IntegrationKind.PROMETHEUS, IntegrationKind.GRAFANA, IntegrationKind.PAGERDUTY],
)
def test_configuration_is_yaml(kind: IntegrationKind) -> None:
    assert isinstance(yaml.safe_load(instructions_for(kind, BASE, KEY).snippets[0].text), dict)


@pytest.mark.parametrize(
    ("base", "scheme", "target", "prefix"),
    [
        ("https://tocsin.example", "https", "tocsin.example:443", "/integrations/<key>/prometheus"),
        ("http://10.2.0.7:8000/t", "http", "10.2.0.7:8000", "/t/integrations/<key>/prometheus"),
    ],
)
def test_prometheus_takes_its_address_apart(base: str, scheme: str, target: str, prefix: str) -> None:
    text = instructions_for(IntegrationKind.PROMETHEUS, PublicUrl(base), KEY_PLACE).snippets[0].text
    (alertmanager,) = yaml.safe_load(text)["alerting"]["alertmanagers"]
    assert (alertmanager["scheme"], alertmanager["path_prefix"]) == (scheme, prefix)
    assert alertmanager["static_configs"] == [{"targets": [target]}]


@pytest.mark.parametrize("kind", IntegrationKind)
def test_a_shell_snippet_is_one_that_a_shell_can_read(kind: IntegrationKind) -> None:
    for snippet in instructions_for(kind, BASE, KEY).snippets:
        if snippet.title == "shell":
            subprocess.run(["/bin/sh", "-n", "-c", snippet.text], check=True)


def test_an_address_for_mail_has_the_key_before_the_host() -> None:
    assert instructions_for(IntegrationKind.EMAIL, BASE, KEY).snippets[0].text == f"{KEY}@tocsin.example"


def test_the_payload_for_datadog_is_json() -> None:
    assert json.loads(instructions_for(IntegrationKind.DATADOG, BASE).snippets[0].text)["cycle_key"]
