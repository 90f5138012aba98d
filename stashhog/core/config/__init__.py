"""Settings: what they are, where each value comes from, and what may change while running.

`model` has the fields, `layers` reads where values come from, `resolved` merges them,
`update` judges a change, `addresses` knows which servers may be connected to.
"""

from stashhog.core.config.addresses import (
    check_outbound_url,
    check_stash_url,
    is_refused_ip,
    origin,
    same_origin,
)
from stashhog.core.config.model import (
    FIELDS,
    GROUPS,
    SECRET_FIELDS,
    AnalysisSettings,
    AppSettings,
    CORSSettings,
    DatabaseSettings,
    JobsSettings,
    LoggingSettings,
    OpenAISettings,
    SecuritySettings,
    Settings,
    StashSettings,
    openai_enabled,
)

__all__ = [
    "FIELDS",
    "GROUPS",
    "SECRET_FIELDS",
    "AnalysisSettings",
    "AppSettings",
    "CORSSettings",
    "DatabaseSettings",
    "JobsSettings",
    "LoggingSettings",
    "OpenAISettings",
    "SecuritySettings",
    "Settings",
    "StashSettings",
    "check_outbound_url",
    "check_stash_url",
    "is_refused_ip",
    "openai_enabled",
    "origin",
    "same_origin",
]
