"""The promises of `AlertRepository`, kept by every adapter of it."""

from dataclasses import replace

import pytest

from application.ports.alerts import DueAlert, Overflow
from domain.alert.alert import Alert, AlertStatus, Expiry
from domain.alert.alert_event import Link
from domain.alert.events import AlertCleared, AlertExpired
from domain.alert.overflow import OVERFLOW_KEY
from domain.service.integration import WhenSilent
from tests.contract.core.storing import an_open_incident, firing
from tests.support.builders import BANK_PROBES, MINUTE, NOON, SHOP_LOGS, SHOP_PROBES, a_draft, an_alert
from tests.support.world import Ports


async def cleared(ports: Ports, *alerts: Alert) -> None:
    async with ports.transaction:
        await ports.alerts.save_cleared([alert.clear(at=NOON + MINUTE) for alert in alerts])


async def test_a_firing_alert_is_read_as_it_was_recorded(ports: Ports) -> None:
    await an_open_incident(ports)
    alert = an_alert(
        labels={"region": "north"},
        details={"rate": 0.5, "codes": [502, None], "nested": {"ok": False}},
        links=(Link(href="https://graphs.example.test/1", text="Graph"),),
        starts_at=NOON - MINUTE,
        occurrences=3,
    )
    await firing(ports, alert)

    async with ports.transaction:
        assert await ports.alerts.firing({(SHOP_PROBES, alert.dedup_key)}) == (alert,)
        assert await ports.alerts.firing_of_incidents({alert.incident_id}) == (alert,)


async def test_only_the_wanted_keys_of_the_wanted_integration_are_found_by_key(ports: Ports) -> None:
    await an_open_incident(ports)
    one, two = an_alert(1), an_alert(2)
    other = an_alert(3, integration_id=SHOP_LOGS, dedup_key=one.dedup_key)
    await firing(ports, two, other, one)

    async with ports.transaction:
        wanted = {(SHOP_PROBES, two.dedup_key), (SHOP_PROBES, one.dedup_key), (SHOP_LOGS, "unknown")}
        assert await ports.alerts.firing(wanted) == (one, two)
        assert await ports.alerts.firing(set()) == ()


async def test_a_cleared_alert_does_not_fire_and_its_event_is_logged(ports: Ports) -> None:
    incident = await an_open_incident(ports)
    alert = an_alert()
    await firing(ports, alert)
    await cleared(ports, alert)

    async with ports.transaction:
        assert await ports.alerts.firing({(SHOP_PROBES, alert.dedup_key)}) == ()
        assert await ports.alerts.firing_of_incidents({incident.id}) == ()
    logged = (await ports.events.of_incident(incident.id, limit=10))[-1].event
    assert logged == AlertCleared(incident_id=incident.id, alert_id=alert.id, summary=alert.summary, at=NOON + MINUTE)


async def test_clearing_again_leaves_no_second_event(ports: Ports) -> None:
    incident = await an_open_incident(ports)
    alert = an_alert()
    await firing(ports, alert)
    await cleared(ports, alert)
    await cleared(ports, replace(alert, status=AlertStatus.CLEARED))

    assert len(await ports.events.of_incident(incident.id, limit=10)) == 2


async def test_an_incident_still_fires_as_long_as_one_of_its_alerts_does(ports: Ports) -> None:
    first, second = await an_open_incident(ports, 1), await an_open_incident(ports, 2)
    one, two, three = an_alert(1), an_alert(2), an_alert(3, incident=2)
    await firing(ports, one, two, three)
    await cleared(ports, one, three)

    async with ports.transaction:
        assert await ports.alerts.incidents_still_firing({first.id, second.id}) == {first.id}
        assert await ports.alerts.incidents_still_firing({second.id}) == frozenset()


async def test_the_last_occurrence_is_known_once_it_is_cleared_and_only_if_its_sender_dated_it(ports: Ports) -> None:
    await an_open_incident(ports)
    dated, undated = an_alert(1, starts_at=NOON - MINUTE), an_alert(2)
    keys = {(SHOP_PROBES, dated.dedup_key), (SHOP_PROBES, undated.dedup_key)}
    await firing(ports, dated, undated)
    async with ports.transaction:
        assert await ports.alerts.last_cleared(keys) == {}
    await cleared(ports, dated, undated)

    async with ports.transaction:
        assert await ports.alerts.last_cleared(keys) == {(SHOP_PROBES, dated.dedup_key): NOON - MINUTE}


async def test_a_newer_occurrence_that_fires_hides_the_one_that_was_cleared(ports: Ports) -> None:
    await an_open_incident(ports)
    old = an_alert(1, starts_at=NOON - MINUTE)
    await firing(ports, old)
    await cleared(ports, old)
    await firing(ports, an_alert(2, dedup_key=old.dedup_key, starts_at=NOON))

    async with ports.transaction:
        assert await ports.alerts.last_cleared({(SHOP_PROBES, old.dedup_key)}) == {}


async def test_the_newest_of_several_cleared_occurrences_counts(ports: Ports) -> None:
    await an_open_incident(ports)
    for number, starts_at in enumerate((NOON - MINUTE, NOON - 3 * MINUTE)):
        alert = an_alert(number, dedup_key="disk", starts_at=starts_at)
        await firing(ports, alert)
        await cleared(ports, alert)

    async with ports.transaction:
        assert await ports.alerts.last_cleared({(SHOP_PROBES, "disk")}) == {(SHOP_PROBES, "disk"): NOON - MINUTE}


async def test_the_firing_alerts_of_several_incidents_are_found_at_once(ports: Ports) -> None:
    for number in (1, 2, 3):
        await an_open_incident(ports, number)
    one, two, other = an_alert(1), an_alert(2, incident=2), an_alert(3, incident=3)
    over = an_alert(4)
    await firing(ports, two, other, over, one)
    await cleared(ports, over)

    async with ports.transaction:
        assert await ports.alerts.firing_of_incidents({two.incident_id, one.incident_id}) == (one, two)
        assert await ports.alerts.firing_of_incidents(set()) == ()


async def test_an_incident_has_the_labels_of_its_first_alert_whether_it_fires_or_not(ports: Ports) -> None:
    for number in (1, 2, 3):
        await an_open_incident(ports, number)
    first, later = an_alert(1, labels={"region": "north"}), an_alert(2, labels={"region": "south"})
    bare = an_alert(3, incident=2)
    await firing(ports, later, first, bare)
    await cleared(ports, first)

    async with ports.transaction:
        wanted = {first.incident_id, bare.incident_id, a_draft(3).id}
        assert await ports.alerts.first_labels(wanted) == {first.incident_id: {"region": "north"}, bare.incident_id: {}}
        assert await ports.alerts.first_labels(set()) == {}


async def test_an_alert_that_expires_is_due_then_and_says_what_its_integration_wants(ports: Ports) -> None:
    await an_open_incident(ports)
    later, sooner, never = (
        an_alert(1, expires_at=NOON + 2 * MINUTE),
        an_alert(2, expires_at=NOON + MINUTE),
        an_alert(3),
    )
    await firing(ports, later, sooner, never)
    assert await ports.alerts.earliest_deadline() == NOON + MINUTE
    async with ports.transaction:
        assert await ports.alerts.claim_due(at=NOON, limit=10) == ()
        assert await ports.alerts.claim_due(at=NOON + MINUTE, limit=10) == (DueAlert(sooner, WhenSilent.KEEP),)
        due = await ports.alerts.claim_due(at=NOON + 2 * MINUTE, limit=10)
        assert [each.alert for each in due] == [sooner, later]
        assert len(await ports.alerts.claim_due(at=NOON + 2 * MINUTE, limit=1)) == 1


async def test_a_claim_says_what_the_integration_wants_now(ports: Ports) -> None:
    await an_open_incident(ports)
    await firing(ports, an_alert(expires_at=NOON))
    async with ports.transaction:
        stored = await ports.integrations.get(SHOP_PROBES)
        await ports.integrations.save(replace(stored, when_silent=WhenSilent.RESOLVE))
    async with ports.transaction:
        (due,) = await ports.alerts.claim_due(at=NOON, limit=10)
    assert due.when_silent is WhenSilent.RESOLVE


async def test_an_alert_that_fell_silent_is_due_no_more_and_its_event_is_logged(ports: Ports) -> None:
    incident = await an_open_incident(ports)
    alert = an_alert(expires_at=NOON + MINUTE)
    await firing(ports, alert)
    async with ports.transaction:
        await ports.alerts.save_silent([alert.tick(at=NOON + MINUTE), alert.tick(at=NOON)])
    async with ports.transaction:
        assert await ports.alerts.firing({(SHOP_PROBES, alert.dedup_key)}) == (alert.tick(at=NOON + MINUTE).state,)
        assert await ports.alerts.claim_due(at=NOON + 9 * MINUTE, limit=10) == ()
    assert await ports.alerts.earliest_deadline() is None
    logged = [each.event for each in await ports.events.of_incident(incident.id, limit=10)]
    assert logged[-1] == AlertExpired(
        incident_id=incident.id, alert_id=alert.id, summary=alert.summary, at=NOON + MINUTE
    )


async def test_a_cleared_alert_is_due_no_more(ports: Ports) -> None:
    await an_open_incident(ports)
    alert = an_alert(expires_at=NOON + MINUTE)
    await firing(ports, alert)
    await cleared(ports, alert)
    async with ports.transaction:
        assert await ports.alerts.claim_due(at=NOON + 9 * MINUTE, limit=10) == ()


async def test_a_repeat_makes_an_alert_good_for_longer_and_never_for_less(ports: Ports) -> None:
    await an_open_incident(ports)
    one, two, endless = an_alert(1, expires_at=NOON + MINUTE), an_alert(2, expires_at=NOON + MINUTE), an_alert(3)
    await firing(ports, one, two, endless)
    keys = [(SHOP_PROBES, each.dedup_key) for each in (one, two, endless)]
    async with ports.transaction:
        await ports.alerts.save_silent([one.tick(at=NOON + MINUTE)])
    async with ports.transaction:
        longer, shorter = NOON + 5 * MINUTE, NOON + MINUTE / 2
        expires = {keys[0]: Expiry(longer), keys[1]: Expiry(shorter)}
        await ports.intake.touch(dict.fromkeys(keys, 1), expires=expires, at=NOON)
        found = {each.dedup_key: each for each in await ports.alerts.firing(set(keys))}
    assert found[one.dedup_key] == replace(one, occurrences=2, expires_at=longer)
    assert found[two.dedup_key] == replace(two, occurrences=2)
    assert found[endless.dedup_key] == replace(endless, occurrences=2)
    async with ports.transaction:
        due = await ports.alerts.claim_due(at=longer, limit=10)
    assert [each.alert.dedup_key for each in due] == [two.dedup_key, one.dedup_key]


async def test_a_repeat_that_names_no_end_leaves_it_silent(ports: Ports) -> None:
    await an_open_incident(ports)
    alert = an_alert(expires_at=NOON + MINUTE)
    await firing(ports, alert)
    silent = alert.tick(at=NOON + MINUTE).state
    async with ports.transaction:
        await ports.alerts.save_silent([alert.tick(at=NOON + MINUTE)])
        await ports.intake.touch({(SHOP_PROBES, alert.dedup_key): 1}, at=NOON)
        assert await ports.alerts.firing({(SHOP_PROBES, alert.dedup_key)}) == (replace(silent, occurrences=2),)


async def test_firing_alerts_of_integrations_are_counted_as_far_as_their_limits(ports: Ports) -> None:
    await an_open_incident(ports)
    one, two, three = an_alert(1), an_alert(2), an_alert(3)
    await firing(ports, one, two, three, an_alert(4, integration_id=SHOP_LOGS))
    await cleared(ports, three)

    async with ports.transaction:
        assert await ports.alerts.count_firing({SHOP_PROBES: 9, SHOP_LOGS: 9, BANK_PROBES: 9}) == {
            SHOP_PROBES: 2,
            SHOP_LOGS: 1,
            BANK_PROBES: 0,
        }
        assert await ports.alerts.count_firing({SHOP_PROBES: 1}) == {SHOP_PROBES: 1}
        assert await ports.alerts.count_firing({}) == {}


async def test_an_overflow_is_found_by_its_integration_with_the_limit_of_that(ports: Ports) -> None:
    await an_open_incident(ports)
    of_probes = an_alert(1, dedup_key=OVERFLOW_KEY)
    of_logs = an_alert(2, integration_id=SHOP_LOGS, dedup_key=OVERFLOW_KEY)
    await firing(ports, of_probes, of_logs, an_alert(3, integration_id=BANK_PROBES))
    async with ports.transaction:
        stored = await ports.integrations.get(SHOP_LOGS)
        await ports.integrations.save(replace(stored, open_alerts=7))

    async with ports.transaction:
        found = await ports.alerts.overflows({SHOP_PROBES, SHOP_LOGS, BANK_PROBES})
        assert found == (Overflow(of_probes), Overflow(of_logs, open_alerts=7))
        assert await ports.alerts.overflows({SHOP_PROBES}) == (Overflow(of_probes),)
        assert await ports.alerts.overflows(()) == ()
    await cleared(ports, of_probes)
    async with ports.transaction:
        assert await ports.alerts.overflows({SHOP_PROBES}) == ()


async def test_the_kinds_of_alerts_that_an_incident_has_had_are_known_for_good(ports: Ports) -> None:
    await an_open_incident(ports, 1)
    await an_open_incident(ports, 2)
    disk = an_alert(1, dedup_key="disk", kind_key="Disk")
    await firing(ports, disk, an_alert(2, dedup_key="load"), an_alert(3, incident=2, dedup_key="net", kind_key="Net"))
    async with ports.transaction:
        assert await ports.alerts.firing({(SHOP_PROBES, "disk")}) == (disk,)
        await ports.alerts.save_cleared([disk.clear(at=NOON)])
        one, two = disk.incident_id, an_alert(incident=2).incident_id
        asked = {(one, "Disk"), (one, "Net"), (one, "Load"), (two, "Net")}
        assert await ports.alerts.known_kinds(asked) == {(one, "Disk"), (two, "Net")}
        assert await ports.alerts.known_kinds(set()) == frozenset()


def with_end(number: int, minute: int | None, *, is_end: bool = False) -> Alert:
    """An alert that is good until then."""
    until = None if minute is None else NOON + minute * MINUTE
    return an_alert(number, expires_at=until, ends_by_silence=is_end)


BEFORE = [with_end(1, None), with_end(2, 4), with_end(3, 4, is_end=True)]
SAID = [None, *(Expiry(NOON + minute * MINUTE, is_end) for minute in (3, 5) for is_end in (False, True))]


@pytest.mark.parametrize("expiry", SAID)
async def test_storage_says_until_when_a_repeat_is_good_as_the_domain_does(ports: Ports, expiry: Expiry | None) -> None:
    await an_open_incident(ports)
    await firing(ports, *BEFORE)
    keys = [(SHOP_PROBES, each.dedup_key) for each in BEFORE]
    async with ports.transaction:
        expires = {} if expiry is None else dict.fromkeys(keys, expiry)
        await ports.intake.touch(dict.fromkeys(keys, 1), expires=expires, at=NOON)
        found = await ports.alerts.firing(keys)
    expected = [replace(each.heard_again(expiry), occurrences=2) for each in BEFORE]
    assert list(found) == expected
    async with ports.transaction:
        due = await ports.alerts.claim_due(at=NOON + 9 * MINUTE, limit=10)
    assert {each.alert.id: each.alert.expires_at for each in due} == {
        each.id: each.next_deadline for each in expected if each.next_deadline is not None
    }


async def test_the_turns_that_the_newest_alert_counted_are_found_by_its_key(ports: Ports) -> None:
    await an_open_incident(ports)
    turns = (NOON, NOON + MINUTE)
    first = an_alert(1, dedup_key="disk", turns=turns[:1])
    await firing(ports, first, an_alert(2, dedup_key="load"))
    await cleared(ports, first)
    flapping = an_alert(3, dedup_key="disk", at=NOON + MINUTE, turns=turns, settles_in=9 * MINUTE)
    await firing(ports, flapping)
    async with ports.transaction:
        assert await ports.alerts.firing({(SHOP_PROBES, "disk")}) == (flapping,)
        keys = {(SHOP_PROBES, "disk"), (SHOP_PROBES, "load"), (SHOP_LOGS, "disk")}
        assert await ports.alerts.last_turns(keys) == {(SHOP_PROBES, "disk"): turns}
    await cleared(ports, flapping)
    async with ports.transaction:
        assert await ports.alerts.last_turns({(SHOP_PROBES, "disk")}) == {(SHOP_PROBES, "disk"): turns}


async def test_one_that_settles_fires_until_then_unless_it_is_repeated(ports: Ports) -> None:
    await an_open_incident(ports)
    flapping = an_alert(1, turns=(NOON,), settles_in=9 * MINUTE, expires_at=NOON, silent_since=None)
    await firing(ports, flapping)
    settling = flapping.settle()
    key = SHOP_PROBES, flapping.dedup_key
    async with ports.transaction:
        await ports.alerts.save_settling([settling])
        await ports.alerts.save_settling([])
    assert await ports.alerts.earliest_deadline() == settling.expires_at == NOON + 9 * MINUTE
    async with ports.transaction:
        (due,) = await ports.alerts.claim_due(at=NOON + 9 * MINUTE, limit=10)
        assert (due.alert, due.is_over) == (settling, True)
        await ports.intake.touch({key: 1}, at=NOON)
        assert await ports.alerts.firing({key}) == (replace(flapping, expires_at=None, occurrences=2),)
    assert await ports.alerts.earliest_deadline() is None
