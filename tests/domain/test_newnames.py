from __future__ import annotations

from stashhog.domain.library import Entity, Library
from stashhog.domain.newnames import NewNames, twin
from stashhog.domain.plans import NewChange


def change(name: str, *, new: bool = True) -> NewChange:
    return NewChange(
        "1", "performers", "add", None, {"id": None if new else "4", "name": name}, 0.9, "rule", "",
        creates_entity=new,
    )  # fmt: skip


def test_a_new_name_is_one_however_it_is_spelt() -> None:
    names = NewNames()
    spellings = (
        "Petra Quill", "petra.quill", "PetraQuill", "Pétra Quill", "Petra Quil", "PETRA QUILL",
        "Quill Petra", "Quill, Petra", "quill_petra", "P. Quill", "Ｐｅｔｒａ Ｑｕｉｌｌ",
        "Petra J. Quill",
    )  # fmt: skip
    keys = {names.unified(change(name)).value_key for name in spellings}
    assert keys == {"name:petra quill"}


def test_different_names_stay_apart_and_so_do_kinds() -> None:
    names = NewNames()
    assert names.one("performer", "Petra Quill") != names.one("performer", "Paula Quince")
    assert names.one("performer", "Petra Quince") != names.one("performer", "Q. Petra")
    assert names.one("studio", "petra quill") == "petra quill"
    assert names.one("studio", "Quill Petra") == "Quill Petra"


def test_what_another_plan_proposes_is_the_same_name() -> None:
    names = NewNames({"performer": ["Petra Quill"]})
    assert names.one("performer", "petra_quill") == "Petra Quill"


def test_known_entities_are_not_renamed() -> None:
    known = change("petra quill", new=False)
    assert NewNames({"performer": ["Petra Quill"]}).unified(known) == known


def test_an_entity_in_another_spelling_is_found_where_it_is_the_only_one() -> None:
    one = Entity("performer", "7", "Petra Quill", ("P-Q",))
    library = Library(performers={"7": one})
    assert twin(library, "performer", "petraquill") == one
    assert twin(library, "performer", "pq") == one
    assert twin(library, "performer", "Petra") is None
    both = Library(performers={"7": one, "8": Entity("performer", "8", "petra.quill")})
    assert twin(both, "performer", "PetraQuill") is None
