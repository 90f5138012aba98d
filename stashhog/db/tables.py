"""The tables that queries with varying filters and orders are built from.

The schema itself is in `migrations`; a test holds these names against it.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    Integer,
    MetaData,
    Table,
    Text,
)

metadata = MetaData()

scenes = Table(
    "scenes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("title_key", Text),
    Column("date_key", Text),
    Column("path_key", Text),
    Column("path", Text),
    Column("duration", Float),
    Column("size", Integer),
    Column("organized", Integer),
    Column("studio_id", Integer),
    Column("performer_count", Integer),
    Column("tag_count", Integer),
    Column("has_details", Integer),
    Column("has_title", Integer),
    Column("has_date", Integer),
    Column("created_at", Text),
    Column("updated_at", Text),
    Column("deleted_at", Text),
    Column("analyzed", Integer),
)

scene_performers = Table(
    "scene_performers",
    metadata,
    Column("scene_id", Integer, primary_key=True),
    Column("performer_id", Integer, primary_key=True),
)

scene_tags = Table(
    "scene_tags",
    metadata,
    Column("scene_id", Integer, primary_key=True),
    Column("tag_id", Integer, primary_key=True),
)

scene_words = Table(
    "scene_words",
    metadata,
    Column("rowid", Integer, primary_key=True),
    Column("scene_words", Text),
)

entities = Table(
    "entities",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("id", Integer, primary_key=True),
    Column("name", Text),
    Column("name_key", Text),
    Column("sort_key", Text),
    Column("aliases", Text),
    Column("disambiguation", Text),
    Column("parent_ids", Text),
    Column("ignore_auto_tag", Integer),
    Column("scene_count", Integer),
)

jobs = Table(
    "jobs",
    metadata,
    Column("n", Integer, primary_key=True),
    Column("id", Text),
    Column("kind", Text),
    Column("status", Text),
    Column("created_at", Text),
    Column("started_at", Text),
    Column("finished_at", Text),
)

job_items = Table(
    "job_items",
    metadata,
    Column("job_n", Integer, primary_key=True),
    Column("scene_id", Integer, primary_key=True),
    Column("change_id", Integer, primary_key=True),
)

job_logs = Table(
    "job_logs",
    metadata,
    Column("job_n", Integer, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("at", Text),
    Column("level", Text),
    Column("message", Text),
)

sync_runs = Table(
    "sync_runs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job_id", Text),
    Column("mode", Text),
    Column("finished_at", Text),
    Column("created", Integer),
    Column("updated", Integer),
    Column("deleted", Integer),
    Column("unchanged", Integer),
    Column("failed", Integer),
)

sync_failures = Table(
    "sync_failures",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job_n", Integer),
)

plans = Table(
    "plans",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text),
    Column("status", Text),
    Column("created_at", Text),
    Column("deleted_at", Text),
)

changes = Table(
    "changes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("plan_id", Integer),
    Column("scene_id", Integer),
    Column("field", Text),
    Column("action", Text),
    Column("current", Text),
    Column("proposed", Text),
    Column("observed", Text),
    Column("value_key", Text),
    Column("confidence", Float),
    Column("source", Text),
    Column("creates_entity", Boolean),
    Column("edited", Integer),
    Column("status", Text),
    Column("outcome", Text),
    Column("error_code", Text),
    Column("error_detail", Text),
    Column("changed_at", Text),
)

rejections = Table(
    "rejections",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("scene_id", Integer),
    Column("field", Text),
    Column("action", Text),
    Column("value_key", Text),
    Column("value", Text),
    Column("created_at", Text),
)
