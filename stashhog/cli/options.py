"""What commands have in common: their options, and the settings that these are laid over."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from stashhog.core.config import SettingsLayers, read_layers

DataDir = Annotated[Path | None, Parameter(name="--data-dir", help="The data folder.")]
AsJson = Annotated[bool, Parameter(name="--json", negative="", help="One JSON object a line.")]


def layers_of(data_dir: Path | None, **app_values: Any) -> SettingsLayers:
    """Read the layers of settings; what a command was given lies on top.

    Raises:
        SettingsError: a layer cannot be read.
    """
    given = {"data_dir": data_dir, **app_values}
    return read_layers(command_line={"app": {k: v for k, v in given.items() if v is not None}})
