"""What each kind of job does: one function a kind, run by a worker in a cancel scope of its own."""
