"""`stashhog serve`: the service."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from stashhog.cli.options import DataDir, layers_of
from stashhog.cli.output import DONE, told
from stashhog.core.config import resolve
from stashhog.core.hypercorn_file import find_hypercorn_file, read_hypercorn_file
from stashhog.core.logging import configure_logging
from stashhog.main import serve as serve_until_signal


def serve(
    *,
    host: Annotated[str | None, Parameter(help="Address to listen on.")] = None,
    port: Annotated[int | None, Parameter(help="Port to listen on.")] = None,
    data_dir: DataDir = None,
) -> int:
    """Run the service until SIGTERM or SIGINT."""

    async def story() -> int:
        layers = layers_of(data_dir, host=host, port=port)
        settings = resolve(layers).settings
        configure_logging(settings.logging)
        options = read_hypercorn_file(find_hypercorn_file(settings.app.data_dir))
        await serve_until_signal(layers, options)
        return DONE

    return told(story)
