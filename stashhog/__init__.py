"""StashHog: reviewable, undoable metadata for a Stash library."""
