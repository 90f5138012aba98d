"""The first schema.

Ids of Stash are integers; instants are text of fixed width; JSON is text.
Indexes for lists begin with `deleted_at`, so that walking one never looks into the wide rows.
"""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision: str | None = None
branch_labels = None
depends_on = None

LIBRARY = (
    """
    CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE scenes (
        id INTEGER PRIMARY KEY,
        title_key TEXT,
        date_key TEXT,
        path_key TEXT,
        duration REAL,
        size INTEGER,
        organized INTEGER NOT NULL,
        studio_id INTEGER,
        performer_count INTEGER NOT NULL,
        tag_count INTEGER NOT NULL,
        has_details INTEGER NOT NULL,
        created_at TEXT NOT NULL,
        updated_at TEXT NOT NULL,
        deleted_at TEXT,
        stale INTEGER NOT NULL DEFAULT 0,
        content_hash TEXT NOT NULL,
        analyzed_hash TEXT,
        analyzed_at TEXT,
        read_at TEXT NOT NULL,
        updated_at_text TEXT NOT NULL,
        rating100 INTEGER,
        title TEXT,
        date TEXT,
        code TEXT,
        director TEXT,
        path TEXT,
        screenshot TEXT,
        urls TEXT NOT NULL,
        stash_ids TEXT NOT NULL,
        details TEXT,
        analyzed INTEGER GENERATED ALWAYS AS (analyzed_hash IS content_hash) VIRTUAL,
        has_title INTEGER GENERATED ALWAYS AS (title_key IS NOT NULL) VIRTUAL,
        has_date INTEGER GENERATED ALWAYS AS (date_key IS NOT NULL) VIRTUAL
    ) STRICT
    """,
    "CREATE INDEX scenes_created_at ON scenes (deleted_at, created_at)",
    "CREATE INDEX scenes_updated_at ON scenes (deleted_at, updated_at)",
    "CREATE INDEX scenes_title ON scenes (deleted_at, title_key)",
    "CREATE INDEX scenes_date ON scenes (deleted_at, date_key)",
    "CREATE INDEX scenes_path ON scenes (deleted_at, path_key)",
    "CREATE INDEX scenes_duration ON scenes (deleted_at, duration)",
    "CREATE INDEX scenes_size ON scenes (deleted_at, size)",
    """
    CREATE INDEX scenes_facets ON scenes (
        deleted_at, studio_id, organized, performer_count, tag_count, has_details, has_title,
        has_date, analyzed
    )
    """,
    "CREATE INDEX scenes_stale ON scenes (stale) WHERE stale = 1",
    """
    CREATE TABLE files (
        scene_id INTEGER NOT NULL REFERENCES scenes (id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        id TEXT NOT NULL,
        path TEXT NOT NULL,
        size INTEGER,
        duration REAL,
        width INTEGER,
        height INTEGER,
        video_codec TEXT,
        frame_rate REAL,
        fingerprints TEXT NOT NULL,
        PRIMARY KEY (scene_id, position)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE scene_performers (
        scene_id INTEGER NOT NULL REFERENCES scenes (id) ON DELETE CASCADE,
        performer_id INTEGER NOT NULL,
        PRIMARY KEY (scene_id, performer_id)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX scene_performers_performer ON scene_performers (performer_id, scene_id)",
    """
    CREATE TABLE scene_tags (
        scene_id INTEGER NOT NULL REFERENCES scenes (id) ON DELETE CASCADE,
        tag_id INTEGER NOT NULL,
        PRIMARY KEY (scene_id, tag_id)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX scene_tags_tag ON scene_tags (tag_id, scene_id)",
    """
    CREATE TABLE missing_links (
        kind TEXT NOT NULL,
        entity_id INTEGER NOT NULL,
        scene_id INTEGER NOT NULL REFERENCES scenes (id) ON DELETE CASCADE,
        PRIMARY KEY (kind, entity_id, scene_id)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX missing_links_scene ON missing_links (scene_id)",
    """
    CREATE TABLE entities (
        kind TEXT NOT NULL,
        id INTEGER NOT NULL,
        name TEXT NOT NULL,
        name_key TEXT NOT NULL,
        sort_key TEXT NOT NULL,
        aliases TEXT NOT NULL,
        disambiguation TEXT,
        parent_ids TEXT NOT NULL,
        ignore_auto_tag INTEGER NOT NULL,
        scene_count INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (kind, id)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX entities_name ON entities (kind, name_key)",
    "CREATE INDEX entities_sort ON entities (kind, sort_key, id)",
    """
    CREATE VIRTUAL TABLE scene_words USING fts5 (
        words, columnsize = 0, prefix = '2 3', tokenize = 'unicode61 remove_diacritics 2'
    )
    """,
)

WORK = (
    """
    CREATE TABLE jobs (
        n INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        status TEXT NOT NULL,
        params TEXT NOT NULL,
        plan_id INTEGER,
        created_at TEXT NOT NULL,
        started_at TEXT,
        finished_at TEXT,
        done INTEGER NOT NULL DEFAULT 0,
        total INTEGER,
        unit TEXT NOT NULL,
        message TEXT NOT NULL DEFAULT '',
        cursor TEXT NOT NULL DEFAULT '{}',
        tally TEXT NOT NULL DEFAULT '{}',
        waiting TEXT,
        result TEXT,
        error TEXT,
        attempt INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        crashes INTEGER NOT NULL,
        crash_done INTEGER NOT NULL
    ) STRICT
    """,
    "CREATE INDEX jobs_created_at ON jobs (created_at, id)",
    """
    CREATE INDEX jobs_unfinished ON jobs (created_at, id)
    WHERE status NOT IN ('completed', 'failed', 'cancelled')
    """,
    "CREATE INDEX jobs_plan ON jobs (plan_id) WHERE plan_id IS NOT NULL",
    """
    CREATE TABLE job_items (
        job_n INTEGER NOT NULL REFERENCES jobs (n) ON DELETE CASCADE,
        scene_id INTEGER NOT NULL,
        change_id INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (job_n, scene_id, change_id)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE job_logs (
        job_n INTEGER NOT NULL REFERENCES jobs (n) ON DELETE CASCADE,
        seq INTEGER NOT NULL,
        at TEXT NOT NULL,
        level TEXT NOT NULL,
        message TEXT NOT NULL,
        PRIMARY KEY (job_n, seq)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE sync_runs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        job_id TEXT NOT NULL UNIQUE,
        mode TEXT NOT NULL,
        finished_at TEXT NOT NULL,
        created INTEGER NOT NULL,
        updated INTEGER NOT NULL,
        deleted INTEGER NOT NULL,
        unchanged INTEGER NOT NULL,
        failed INTEGER NOT NULL,
        entities TEXT NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE sync_failures (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        job_n INTEGER NOT NULL REFERENCES jobs (n) ON DELETE CASCADE,
        kind TEXT NOT NULL,
        item TEXT NOT NULL,
        reason TEXT NOT NULL
    ) STRICT
    """,
    "CREATE INDEX sync_failures_job ON sync_failures (job_n)",
)

PLANS = (
    """
    CREATE TABLE plans (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL,
        status TEXT NOT NULL,
        base TEXT NOT NULL,
        created_at TEXT NOT NULL,
        job_id TEXT,
        busy_job_id TEXT,
        options TEXT NOT NULL,
        scenes INTEGER NOT NULL DEFAULT 0,
        counts TEXT NOT NULL DEFAULT '{}',
        skipped TEXT NOT NULL DEFAULT '{}',
        requests INTEGER NOT NULL DEFAULT 0,
        input_tokens INTEGER NOT NULL DEFAULT 0,
        output_tokens INTEGER NOT NULL DEFAULT 0,
        usd REAL DEFAULT 0.0,
        deleted_at TEXT
    ) STRICT
    """,
    """
    CREATE TABLE changes (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        plan_id INTEGER NOT NULL REFERENCES plans (id),
        scene_id INTEGER NOT NULL,
        field TEXT NOT NULL,
        action TEXT NOT NULL,
        current TEXT,
        proposed TEXT,
        observed TEXT,
        written TEXT,
        value_key TEXT NOT NULL,
        confidence REAL NOT NULL,
        source TEXT NOT NULL,
        reason TEXT NOT NULL,
        evidence TEXT NOT NULL,
        creates_entity INTEGER NOT NULL,
        edited INTEGER NOT NULL DEFAULT 0,
        status TEXT NOT NULL,
        outcome TEXT,
        error_code TEXT,
        error_detail TEXT,
        changed_at TEXT
    ) STRICT
    """,
    "CREATE INDEX changes_order ON changes (plan_id, scene_id, field, id)",
    "CREATE INDEX changes_status ON changes (plan_id, status)",
    "CREATE INDEX changes_confidence ON changes (plan_id, confidence)",
    "CREATE INDEX changes_scene ON changes (scene_id, field, action, value_key)",
    """
    CREATE INDEX changes_wished ON changes (plan_id, value_key)
    WHERE creates_entity = 1
    """,
    """
    CREATE TABLE rejections (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        scene_id INTEGER NOT NULL,
        field TEXT NOT NULL,
        action TEXT NOT NULL,
        value_key TEXT NOT NULL,
        value TEXT,
        created_at TEXT NOT NULL,
        UNIQUE (scene_id, field, action, value_key)
    ) STRICT
    """,
    """
    CREATE TABLE journal (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL,
        job_id TEXT NOT NULL,
        plan_id INTEGER NOT NULL,
        scene_id INTEGER NOT NULL,
        change_ids TEXT NOT NULL,
        observed TEXT NOT NULL,
        sent TEXT NOT NULL,
        created_at TEXT NOT NULL,
        settled_at TEXT,
        settled_as TEXT
    ) STRICT
    """,
    """
    CREATE INDEX journal_open ON journal (plan_id, scene_id) WHERE settled_at IS NULL
    """,
    """
    CREATE TABLE creations (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        plan_id INTEGER NOT NULL,
        job_id TEXT NOT NULL,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        name_key TEXT NOT NULL,
        entity_id INTEGER,
        ours INTEGER NOT NULL DEFAULT 0,
        created_at TEXT NOT NULL,
        removed_at TEXT
    ) STRICT
    """,
    """
    CREATE UNIQUE INDEX creations_wish ON creations (plan_id, kind, name_key)
    WHERE removed_at IS NULL
    """,
)

OWNER = (
    """
    CREATE TABLE settings (
        name TEXT PRIMARY KEY, value TEXT NOT NULL, sealed INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE sessions (
        token_hash TEXT PRIMARY KEY,
        user TEXT NOT NULL,
        created_at TEXT NOT NULL,
        expires_at TEXT NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE schedules (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID
    """,
)


def upgrade() -> None:
    for statement in (*LIBRARY, *WORK, *PLANS, *OWNER):
        op.get_bind().exec_driver_sql(statement)
