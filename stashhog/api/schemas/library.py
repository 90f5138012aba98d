"""The library as a whole."""

from __future__ import annotations

from pydantic import Field

from stashhog.api.schemas.common import ApiModel


class MissingCounts(ApiModel):
    """How many live scenes have nothing in a field."""

    studio: int
    performers: int
    tags: int
    title: int
    date: int
    details: int


class Coverage(ApiModel):
    """How complete the library is; all counts are of scenes that Stash has."""

    scenes: int
    organized: int
    analyzed: int = Field(description="Analysed since their content last changed.")
    missing: MissingCounts


class CoverageDay(Coverage):
    """The same after the last sync of a day (UTC)."""

    day: str = Field(description="YYYY-MM-DD")


class CoverageResponse(ApiModel):
    """Now, and day by day, oldest first."""

    now: Coverage
    days: list[CoverageDay]
