"""A stand-in for a model's server, in a thread of its own beside a blocking test."""

from __future__ import annotations

import trio

from tests.fakes.model import FakeModel, serve_fake_model
from tests.rig.thread import TrioThread


class Model(TrioThread):
    """A running stand-in; `fake` is what it does, `url` its address with `/v1`."""

    def __init__(self, fake: FakeModel | None = None) -> None:
        super().__init__()
        self.fake = fake or FakeModel()

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.fake.url

    async def _serve(self, task_status: trio.TaskStatus[None]) -> None:
        async with serve_fake_model(self.fake):
            task_status.started()
            await trio.sleep_forever()
