"""The most there may be of anything. Each is a promise to the storage, to the page or to the sender."""

from typing import Final

# PagerDuty Events API v2: a longer key is refused, since a cut one could merge two alerts
DEDUP_KEY_CHARACTERS: Final = 255
# PagerDuty Events API v2: senders cut at 1,024 and so do we
SUMMARY_CHARACTERS: Final = 1024
NAME_CHARACTERS: Final = 120
DESCRIPTION_CHARACTERS: Final = 4000
NOTE_CHARACTERS: Final = 10_000
ADDRESS_CHARACTERS: Final = 320  # RFC 5321 4.5.3.1: 64 local, @, 255 domain
LABELS: Final = 64
LABEL_CHARACTERS: Final = 1024
LINKS: Final = 32

# A longer expression nobody understands at night; a table that needs more words is a list of its sender's states
MAPPING_EXPRESSION_CHARACTERS: Final = 1024
MAPPING_VALUES: Final = 50
MAPPING_VALUE_CHARACTERS: Final = 255
MAPPING_TRIED: Final = 50  # stored bodies at once: more nobody compares by eye

# Below five minutes a sender's own pauses would page; what may be silent for a month is not missed
QUIET_SECONDS_MIN: Final = 5 * 60
QUIET_SECONDS_MAX: Final = 30 * 24 * 3600

POLICY_STEPS: Final = 20
STEP_TARGETS: Final = 20
POLICY_REPEATS: Final = 50
STEP_DELAY_SECONDS_MIN: Final = 1
STEP_DELAY_SECONDS_MAX: Final = 7 * 24 * 3600
# In less than a minute nobody can say what they found; after a week nobody remembers having taken it
ACKNOWLEDGEMENT_TIMEOUT_SECONDS_MIN: Final = 60
ACKNOWLEDGEMENT_TIMEOUT_SECONDS_MAX: Final = 7 * 24 * 3600
CONDITION_LABELS: Final = 16  # a condition that asks for more is a route
CONDITION_WINDOWS: Final = 50  # as many as the hours of a layer: seven days of several spans

SCHEDULE_LAYERS: Final = 20
SCHEDULE_VERSIONS_AHEAD: Final = 50  # planned changes of one schedule: whoever asks who is on call looks through them
LAYER_PARTICIPANTS: Final = 100
TURN_USERS: Final = 10
LAYER_RESTRICTIONS: Final = 50
COVER_ASKED: Final = 50  # people named in one request; whoever would name more asks the whole team
COVER_NOTE_CHARACTERS: Final = 1000  # of a request or of time off: it is read on a phone
TEMPORARY_SHIFTS: Final = 400  # a year of days, and some: whoever asks reads all of them

# More people do not help one incident; they need an organisation of their own.
INCIDENT_RESPONDERS: Final = 50
ACKNOWLEDGEMENTS_REQUIRED: Final = 10  # different people; more would leave the incident paging while they are found
SNOOZE_SECONDS_MIN: Final = 60
SNOOZE_SECONDS_MAX: Final = 7 * 24 * 3600  # what may wait for longer is no incident
SERVICE_TIERS: Final = 4  # more than these nobody can tell apart at night
BULK_INCIDENTS: Final = 100  # each in a transaction of its own, within one request

# A webhook's URL may carry a long token; browsers and proxies take no more of it
DESTINATION_ADDRESS_CHARACTERS: Final = 2048  # a URL, as browsers and proxies take it
DESTINATIONS: Final = 1000  # of an installation: whoever has more channels than that reads none of them

SUBSCRIPTION_ADDRESS_CHARACTERS: Final = 2048
SUBSCRIPTION_EVENT_KINDS: Final = 50  # about as many as there are; whoever wants more wants all
SUBSCRIPTIONS: Final = 1000  # of an installation: each event is held against every one of them
DELIVERIES_REPLAYED: Final = 1000  # by one request; the next one goes on

TEAM_MEMBERS: Final = 500
CONTACTS_PER_USER: Final = 10
RULES_PER_URGENCY: Final = 10

# A simulation: a week is as long as a step may wait; nobody reads more pages; nor do so many looks help to decide.
SIMULATED_DAYS: Final = 7
SIMULATED_PAGES_SHOWN: Final = 500
SIMULATED_PAGES: Final = 10_000
SIMULATED_LOOKS: Final = 2_000

# An explanation: of more pages to one person the ledger tells; each instant of a schedule is looked up on its own.
EXPLAINED_PAGES: Final = 50
EXPLAINED_INSTANTS: Final = 20

# A proof: nobody plans on-call for longer than half a year; who is told after a day is not told in time.
PROOF_WEEKS: Final = 26
PROOF_WITHIN_SECONDS_MIN: Final = 60
PROOF_WITHIN_SECONDS_MAX: Final = 24 * 3600
PROOF_EXAMPLES_SHOWN: Final = 50

PAGE_LIMIT: Final = 200  # rows of a list in one answer
PAGE_DEFAULT: Final = 50
INGEST_BATCH: Final = 500  # events that share one commit

ROUTE_RULES: Final = 1000  # of one owner: as many as the bench holds to 50 µs an event
MATCHERS: Final = 32  # of one rule, silence or window; a condition that asks for more is several
MATCHERS_TEXT_CHARACTERS: Final = 16_000
PATTERN_CHARACTERS: Final = 512  # the engine's memory for a set of patterns is bounded too
TEMPLATE_CHARACTERS: Final = 1024
GROUP_LABELS: Final = 16
REHEARSED_DAYS: Final = 30  # as long as raw events are usually kept
REHEARSED_EVENTS: Final = 50_000  # a few seconds of a processor; whoever has more looks at fewer days
REHEARSED_DIFFERENCES: Final = 50  # that are shown
DEPENDENCIES: Final = 30  # of one service on others; who needs more of them needs what is in front of them
DEPENDENCIES_IN_ALL: Final = 10_000  # of an installation: each process has the graph in its memory
REPLAYED_BODIES: Final = 5_000  # by one request, some two seconds of work; the next one goes on
REPLAYED_BYTES: Final = 32 * 1024 * 1024  # of bodies that one request has in its memory
INHIBITIONS: Final = 200  # of all teams: each costs every new alert two looks
SILENCES: Final = 1000  # that are not over: every event is asked about all of them, in memory
MAINTENANCE_WINDOWS: Final = 1000  # asked as silences are
MAINTENANCE_SERVICES: Final = 100  # of one window; whoever means more names none, and means all of the team's
MAINTENANCE_SECONDS_MIN: Final = 60
MAINTENANCE_SECONDS_MAX: Final = 7 * 24 * 3600  # an occurrence is looked for on as many days
RECURRENCE_INTERVAL: Final = 99
SILENCE_SECONDS_MAX: Final = 90 * 24 * 3600  # what may be silent for longer is a route that suppresses or drops it
SILENCE_COMMENT_CHARACTERS: Final = 1000
# Who waits longer wants another alert; the sender's own rule should say "for: 1d"
ROUTE_DELAY_SECONDS_MAX: Final = 24 * 3600
FLAPPING_TURNS_MAX: Final = 20  # each is kept with the alert; what turns more often within a day flaps by any measure
FLAPPING_SECONDS_MAX: Final = 24 * 3600  # so long an incident stays open after the last turn
ROUTE_RESOLVE_SECONDS_MAX: Final = 7 * 24 * 3600  # who repeats less often than weekly does not repeat
# PagerDuty's time-based alert grouping: 2 minutes to 24 hours. What comes sooner came together; what comes later is
# another day's trouble.
GROUP_WINDOW_SECONDS_MIN: Final = 120
GROUP_WINDOW_SECONDS_MAX: Final = 24 * 3600
ROUTE_REOPEN_SECONDS_MAX: Final = 7 * 24 * 3600  # as long as people can reopen an incident

# Of one integration. More than a million events a minute no storage takes; a burst is stored in some 30 s, as long as
# senders wait.
INTEGRATION_EVENTS_PER_MINUTE: Final = 1_000_000
INTEGRATION_EVENT_BURST: Final = 100_000
# Alerts that one integration may have open: each is a row that every list and every repeat looks through.
INTEGRATION_OPEN_ALERTS: Final = 100_000
