"""Names in any spelling; what another tool's matcher is known to find, and what it misses."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from stashhog.domain.detection import Knowledge
from stashhog.domain.learning import learn
from stashhog.domain.names import near, squash, tokenise
from tests.domain.detection.libraries import found, library, names

SPELLINGS = (
    "dana merrow", "Dana Merrow", "dana.merrow", "dana-merrow", "dana_merrow", "dana . merrow",
    "dana   merrow", "dana.-_merrow", "DANA MERROW", "danamerrow", "DanaMerrow",
)  # fmt: skip
SURROUNDINGS = (
    "{}", "before {}", "{} after", "before.{}.after", "before_{}_after", "before-{}-after",
    "/top/{}/file", "top/{} after/file", "(before) {}", "[{}]", "before {} after 2160p",
)  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("around", SURROUNDINGS)
def test_a_name_is_found_in_any_spelling_and_place(spelling: str, around: str) -> None:
    path = f"/{around.format(spelling)}.mp4"
    assert names(found(path, library(performers=("Dana Merrow",)), "performers")) == {"Dana Merrow"}


@pytest.mark.parametrize(
    "path",
    [
        "/v/danamerrows.mp4", "/v/undana merrowed.mp4", "/v/dana (x) merrow.mp4",
        "/v/dana.mp4", "/v/merrow.mp4", "/v/dana other merrow.mp4",
    ],
)  # fmt: skip
def test_part_of_a_word_is_no_name(path: str) -> None:
    assert found(path, library(performers=("Dana Merrow",)), "performers") == []


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Élodie Ferrand", "elodie.ferrand"), ("José Luz", "JOSE LUZ"), ("Jean-Luc Roy", "jean.luc.roy"),
        ("Siobhan O'Hara", "siobhan ohara"), ("Łukasz Żak", "lukasz zak"), ("Søren Blåbær", "soren blabaer"),
        ("Jörg Weiß", "jorg weiss"), ("Işıl Çağlar", "isil caglar"), ("Nguyễn Thị Hương", "nguyen thi huong"),
        ("Анна Петрова", "Anna Petrova"), ("Ελένη Παππά", "eleni pappa"), ("김정희", "Gim JeongHui"),
        ("李小龙", "Xiaolong Li"), ("Jörg Weißmüller", "joerg weissmueller"), ("Bjørn Ås", "bjoern aas"), ("Doe Jane", "Jane, Doe"),
    ],
)  # fmt: skip
def test_accents_marks_and_scripts_do_not_matter(name: str, written: str) -> None:
    path = f"/v/{written} - something.mp4"
    assert names(found(path, library(performers=(name,)), "performers")) == {name}


@pytest.mark.parametrize(
    ("tag", "title"), [("海", "静かな海へ"), ("아침", "아침의 바다"), ("시장", "우리는 시장에서")]
)
def test_words_of_scripts_without_blanks_or_with_particles_are_found(tag: str, title: str) -> None:
    assert names(found(f"/v/{title}.mp4", library(tags=(tag, "Other")), "tags", 0.0)) == {tag}


def test_decomposed_letters_are_the_same_letters() -> None:
    path = unicodedata.normalize("NFD", "/v/Élodie Ferrand.mp4")
    proposal = found(path, library(performers=("Élodie Ferrand",)), "performers")[0]
    span = proposal.evidence["span"]
    assert unicodedata.normalize("NFC", span) == "Élodie Ferrand"
    assert path[proposal.evidence["start"] : proposal.evidence["end"]] == span


def test_a_joined_studio_name_is_found_in_its_parts() -> None:
    known = library(performers=("Dana Merrow",), studios=("North Pier",))
    path = "/v/NorthPierDanaMerrow.mp4"
    assert names(found(path, known, "performers")) == {"Dana Merrow"}
    assert names(found(path, known, "studio")) == {"North Pier"}


def test_the_longer_name_wins() -> None:
    known = library(studios=("North Pier", "North Pier Films"))
    assert names(found("/v/North Pier Films - 2020-01-02 - Dawn.mp4", known, "studio")) == {
        "North Pier Films"
    }


def test_a_tag_called_like_an_extension_is_not_in_every_file() -> None:
    assert found("/v/a quiet day.mp4", library(tags=("mp4",)), "tags") == []


def test_one_word_of_many_meanings_is_less_sure_than_a_full_name() -> None:
    known = library(performers=("Summer", "Dana Merrow"))
    word = found("/v/new/a summer in the north.mp4", known, "performers", least=0.0)
    name = found("/v/new/Dana Merrow in the north.mp4", known, "performers", least=0.0)
    assert word[0].confidence < name[0].confidence


def test_one_slip_of_the_pen_is_forgiven_in_a_full_name() -> None:
    assert names(
        found("/v/Dana Merow.mp4", library(performers=("Dana Merrow",)), "performers")
    ) == {"Dana Merrow"}


def test_two_namesakes_name_each_other_as_runner_up() -> None:
    known = library(performers=("Dana Merrow", ("Dee", "Dana Merrow")))
    proposals = found("/v/Dana Merrow - Dawn.mp4", known, "performers", least=0.0)
    best = max(proposals, key=lambda p: p.confidence)
    assert best.value == "Dana Merrow"
    assert best.evidence["runner_up"]["value"] == "Dee"
    assert best.evidence["gap"] > 0


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return learn(
        library(performers=("Dana Merrow", "李小龙"), studios=("Pier",), tags=("Rain",)), []
    )


@given(st.text(max_size=120))
def test_no_path_is_too_odd(knowledge: Knowledge, text: str) -> None:
    for field in ("studio", "performers", "date", "title", "tags"):
        for proposal in found(f"/v/{text}", knowledge, field, least=0.0):
            assert 0.0 <= proposal.confidence <= 1.0
            start, end = proposal.evidence["start"], proposal.evidence["end"]
            if start is not None:
                assert proposal.evidence["text"][start:end] == proposal.evidence["span"]


@given(st.text(max_size=60))
def test_spans_of_tokens_lie_in_the_text_in_order(text: str) -> None:
    tokens = tokenise(text)
    assert len(tokens.gaps) == len(tokens) + 1
    assert all(a <= b for a, b in pairwise(tokens.starts))
    assert all(0 <= a < b <= len(text) for a, b in zip(tokens.starts, tokens.ends, strict=True))
    assert squash(text) == "".join(tokens.low)


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_nearness_is_mutual_and_never_sameness(one: str, other: str) -> None:
    assert near(one, other) == near(other, one)
    assert not near(one, one)
