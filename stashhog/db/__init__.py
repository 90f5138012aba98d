"""The database: the only home of SQLAlchemy and Alembic.

`open_database` opens the file of a data folder; a `Database` runs query functions (first argument
a Session) in one thread hop each, and has the adapters of `stashhog.ports`' five stores.
"""

from stashhog.db.engine import Database
from stashhog.db.inspection import inspect_database
from stashhog.db.opening import open_database

__all__ = ["Database", "inspect_database", "open_database"]
