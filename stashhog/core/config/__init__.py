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
from stashhog.core.config.layers import (
    SettingsLayers,
    Source,
    did_you_mean,
    read_layers,
)
from stashhog.core.config.model import (
    FIELDS,
    GROUPS,
    MODEL_GETS,
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
from stashhog.core.config.resolved import MASK, ResolvedSettings, public_values, resolve
from stashhog.core.config.update import plan_test, plan_update

__all__ = [
    "FIELDS",
    "GROUPS",
    "MASK",
    "MODEL_GETS",
    "SECRET_FIELDS",
    "AnalysisSettings",
    "AppSettings",
    "CORSSettings",
    "DatabaseSettings",
    "JobsSettings",
    "LoggingSettings",
    "OpenAISettings",
    "ResolvedSettings",
    "SecuritySettings",
    "Settings",
    "SettingsLayers",
    "Source",
    "StashSettings",
    "check_outbound_url",
    "check_stash_url",
    "did_you_mean",
    "is_refused_ip",
    "openai_enabled",
    "origin",
    "plan_test",
    "plan_update",
    "public_values",
    "read_layers",
    "resolve",
    "same_origin",
]
