"""`tocsin dlq` as its user runs it, against a queue."""

import subprocess

import pytest

from tests.support.engines import Sqs
from tests.support.processes import environment_of, program

REASON = {"tocsin-reason": {"DataType": "String", "StringValue": "no integration has this key"}}

pytestmark = pytest.mark.process


def dlq(sqs: Sqs, main: str, dead: str, *arguments: str) -> str:
    settings = {
        "sqs_queue_url": main,
        "sqs_dead_letter_queue_url": dead,
        "sqs_endpoint_url": sqs.endpoint,
        "sqs_region": sqs.region,
    }
    environment = {
        **environment_of(settings),
        "AWS_ACCESS_KEY_ID": sqs.access_key,
        "AWS_SECRET_ACCESS_KEY": sqs.secret_key,
        "COLUMNS": "200",
    }
    done = subprocess.run(
        [program(), "dlq", *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_what_was_set_aside_is_listed_and_goes_back_only_when_it_is_meant(sqs: Sqs) -> None:
    main, dead = sqs.create_queue(), sqs.create_queue("dead")
    sqs.send(dead, '{"routing_key":"0123"}', MessageAttributes=REASON)

    assert "no integration has this key" in dlq(sqs, main, dead, "list")
    assert "1 would be sent back" in dlq(sqs, main, dead, "redrive")
    assert sqs.depth(main) == (0, 0)
    assert "1 sent back, 0 not" in dlq(sqs, main, dead, "redrive", "--run")

    (message,) = sqs.receive(main)
    assert message["Body"] == '{"routing_key":"0123"}'
    assert "tocsin-reason" not in message.get("MessageAttributes", {})
    assert sqs.depth(dead) == (0, 0)
