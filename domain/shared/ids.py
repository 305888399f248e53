"""Typed ids. Every one is a UUIDv7 made by the application, so ids sort by the time they were made."""

from typing import NewType
from uuid import UUID

AbsenceId = NewType("AbsenceId", UUID)
AlertId = NewType("AlertId", UUID)
ApiKeyId = NewType("ApiKeyId", UUID)
CalendarFeedId = NewType("CalendarFeedId", UUID)
ContactId = NewType("ContactId", UUID)
CoverRequestId = NewType("CoverRequestId", UUID)
DestinationId = NewType("DestinationId", UUID)
EventDeliveryId = NewType("EventDeliveryId", UUID)
HeartbeatId = NewType("HeartbeatId", UUID)
IncidentId = NewType("IncidentId", UUID)
IntegrationId = NewType("IntegrationId", UUID)
NotificationId = NewType("NotificationId", UUID)
OverrideId = NewType("OverrideId", UUID)
PolicyId = NewType("PolicyId", UUID)
RunId = NewType("RunId", UUID)
ScheduleId = NewType("ScheduleId", UUID)
ServiceId = NewType("ServiceId", UUID)
SessionId = NewType("SessionId", UUID)
ShadowId = NewType("ShadowId", UUID)
SubscriptionId = NewType("SubscriptionId", UUID)
TeamId = NewType("TeamId", UUID)
TemporaryScheduleId = NewType("TemporaryScheduleId", UUID)
UserId = NewType("UserId", UUID)
