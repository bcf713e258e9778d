"""The operator's configuration: the space file, and settings from the environment.

Both are read once, checked as a whole, and frozen. `ConfigError` lists every fault at once.
"""

from gateway.config.calendars import CalendarFeed, load_calendars
from gateway.config.faults import ConfigError, ConfigFault
from gateway.config.integrations import HookEvent, OtherTools, SpaceApi, Webhook, load_other_tools
from gateway.config.schema.space import space_schema
from gateway.config.settings import (
    Settings,
    known_credential_key,
    load_settings,
)
from gateway.config.space import (
    load_space,
    read_space,
    site_from_json,
    site_to_json,
)
from gateway.config.supervisor import Supervisor, supervisor

__all__ = [
    "CalendarFeed",
    "ConfigError",
    "ConfigFault",
    "HookEvent",
    "OtherTools",
    "Settings",
    "SpaceApi",
    "Supervisor",
    "Webhook",
    "known_credential_key",
    "load_calendars",
    "load_other_tools",
    "load_settings",
    "load_space",
    "read_space",
    "site_from_json",
    "site_to_json",
    "space_schema",
    "supervisor",
]
