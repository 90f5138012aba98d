"""The schema's revisions, run by `stashhog.db.migrate`."""
