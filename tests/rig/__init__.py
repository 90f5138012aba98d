"""The rig: the real service as a process, a sample Stash in a thread, and clients for both.

Rules:
- Nothing of the service is imported or reached into; it is what a user would start.
- All waits are bounded, by `until`, and say what they waited for.
- Chance comes from a printed seed.
"""
