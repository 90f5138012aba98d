from __future__ import annotations

from typing import Any

import pytest

from stashhog.core.exceptions import ValidationError
from stashhog.domain.selections import allow_none, require_one


@pytest.mark.parametrize(
    ("selectors", "code"),
    [
        ({"ids": None, "filter": None}, "empty_selection"),
        ({"ids": [], "filter": None}, "empty_selection"),
        ({"ids": None, "filter": {}}, "empty_selection"),
        ({"ids": [1], "filter": {"all": True}}, "ambiguous_selection"),
        ({"ids": [], "filter": {}}, "ambiguous_selection"),
    ],
)
def test_exactly_one_selector_has_to_select_something(selectors: dict[str, Any], code: str):
    with pytest.raises(ValidationError) as caught:
        require_one(**selectors)
    assert caught.value.public_code == code


def test_one_selector_that_selects_is_fine():
    assert require_one(ids=[1], filter=None) is None
    assert require_one(ids=None, filter={"all": True}) is None


def test_where_none_may_be_given_an_empty_one_still_means_nothing():
    assert allow_none(ids=None, scenes=None) is None
    with pytest.raises(ValidationError):
        allow_none(ids=[], scenes=None)
