"""Addresses that may be connected to, and those that may not."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from stashhog.core.config import check_outbound_url, check_stash_url, is_refused_ip, same_origin
from stashhog.core.exceptions import ValidationError


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("http://127.0.0.1:9999", "http://127.0.0.1:9999"),
        (" HTTP://LocalHost:80/ ", "http://localhost"),
        ("https://Stash.example.:443/sub//", "https://stash.example/sub"),
        ("http://[::1]:9999/", "http://[::1]:9999"),
        ("http://192.168.1.5/stash/", "http://192.168.1.5/stash"),
        ("http://stash_box:9999", "http://stash_box:9999"),
        ("http://bücher.example", "http://xn--bcher-kva.example"),
        ("http://[::ffff:127.0.0.1]", "http://[::ffff:127.0.0.1]"),
        ("http://[::FFFF:7f00:1]", "http://[::ffff:127.0.0.1]"),
    ],
)
def test_an_address_has_one_normal_spelling(written: str, normal: str) -> None:
    assert check_outbound_url(written) == normal
    assert check_outbound_url(normal) == normal


def test_the_graphql_endpoint_of_stash_is_stash() -> None:
    assert check_stash_url("http://h:9999/graphql") == "http://h:9999"
    assert check_stash_url("http://h:9999/sub/graphql/") == "http://h:9999/sub"
    assert check_stash_url("http://h:9999/sub") == "http://h:9999/sub"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "   ",
        "localhost:9999",
        "ftp://h",
        "file:///etc/passwd",
        "gopher://h",
        "http://",
        "http:///path",
        "http:h",
        "http://user@h",
        "http://user:pw@h",
        "http://@h",
        "http://h@169.254.169.254",
        "http://h?apikey=1",
        "http://h#fragment",
        "http://h/#",
        "http://h/?",
        "http://h\\@evil",
        "http://h /x",
        "http://h\n.evil",
        "http://h\tx",
        "http://h\u2028x",
        "http://h:0",
        "http://h:65536",
        "http://h:port",
        "http://h:-1",
        "http://[::1",
        "http://[fe80::1%25eth0]",
        "http://a..b",
        "http://-a.example",
        "http://h/../x",
        "http://h/<x>",
        "http://" + "a" * 3000,
        "http://" + "a" * 64 + ".example",
        # metadata and link-local, in every dress
        "http://169.254.169.254",
        "http://169.254.169.254./latest",
        "http://169.254.0.1:9999",
        "http://2852039166",
        "http://0xa9fea9fe",
        "http://0xa9.0xfe.0xa9.0xfe",
        "http://0251.0376.0251.0376",
        "http://169.254.43518",
        "http://169.254.169%2e254",
        "http://169。254。169。254",
        "http://①⑥⑨.254.169.254",
        "http://[::ffff:169.254.169.254]",
        "http://[::ffff:a9fe:a9fe]",
        "http://[::169.254.169.254]",
        "http://[64:ff9b::a9fe:a9fe]",
        "http://[2002:a9fe:a9fe::1]",
        "http://[fe80::1]",
        "http://[fd00:ec2::254]",
        "http://100.100.100.200",
        "http://metadata",
        "http://metadata.google.internal/computeMetadata/v1",
        "http://METADATA.google.internal./",
        "http://0.0.0.0:9999",
        "http://0",
        "http://[::]",
        "http://127.1",
        "http://224.0.0.1",
        "http://255.255.255.255",
    ],
)
def test_an_address_that_nobody_should_connect_to_is_refused(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        check_outbound_url(url)
    assert caught.value.public_code == "bad_address"
    assert "pw" not in caught.value.detail


@given(st.text(max_size=60))
def test_any_text_is_an_address_in_normal_form_or_refused(text: str) -> None:
    for candidate in (text, f"http://{text}", f"https://h.example/{text}"):
        try:
            normal = check_outbound_url(candidate)
        except ValidationError:
            continue
        assert check_outbound_url(normal) == normal
        assert same_origin(candidate, normal)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://h:80/a", "HTTP://H/b", True),
        ("https://h", "https://h:443/", True),
        ("http://h", "https://h", False),
        ("http://h:9999", "http://h:9998", False),
        ("http://h.example", "http://h.example.", True),
        ("http://h", "http://h.evil", False),
        (None, "http://h", False),
        (None, None, True),
    ],
)
def test_an_origin_is_scheme_host_and_port(
    one: str | None, other: str | None, *, same: bool
) -> None:
    assert same_origin(one, other) is same


@pytest.mark.parametrize(
    ("address", "refused"),
    [
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("::1", False),
        ("fd12::1", False),
        ("93.184.216.34", False),
        ("169.254.169.254", True),
        ("fe80::1%eth0", True),
        ("::ffff:169.254.169.254", True),
        ("0.0.0.0", True),  # noqa: S104 - judged, not bound
        ("no address", True),
    ],
)
def test_what_a_name_resolved_to_is_judged_alike(address: str, *, refused: bool) -> None:
    assert is_refused_ip(address) is refused
