"""The library as a whole: how complete it is."""

from __future__ import annotations

from typing import Any

from quart import Blueprint

from stashhog.api.contract import operation
from stashhog.api.dependencies import get_db
from stashhog.api.schemas.library import CoverageResponse
from stashhog.db.coverage import library_coverage

bp = Blueprint("library", __name__, url_prefix="/library")


@bp.get("/coverage")
@operation("How complete the library is", CoverageResponse)
async def show_coverage() -> dict[str, Any]:
    """How many scenes lack what: now, and after the last sync of each day."""
    return await get_db().read(library_coverage)
