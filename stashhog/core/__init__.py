"""Leaves that every layer may import and that import nothing of ours."""
