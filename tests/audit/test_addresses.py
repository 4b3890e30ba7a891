"""Which addresses and domains are surely such."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modcli.audit.addresses import address_of, domain_of, shown_domain
from modcli.reports.csv import inert


@pytest.mark.parametrize(
    ("written", "domain"),
    [
        ("bad.example", "bad.example"),
        ("  Bad.EXAMPLE ", "bad.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("ｅvil.example", "evil.example"),
        ("a-b.c1.example", "a-b.c1.example"),
        (f"{'a' * 63}.example", f"{'a' * 63}.example"),
        ("long0123456789.onion", "long0123456789.onion"),
    ],
)
def test_domains(written: str, domain: str) -> None:
    assert domain_of(written) == domain
    assert domain_of(domain) == domain


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("", "part of it"),
        ("localhost", "dot"),
        ("ba*.example", "asterisk"),
        ("*.bad.example", "asterisk"),
        ("https://bad.example", "bare"),
        ("bad.example/path", "bare"),
        ("bad.example:8080", "bare"),
        ("you@bad.example", "bare"),
        ("bad .example", "bare"),
        ("bad..example", "part of it"),
        ("bad.example.", "part of it"),
        ("-bad.example", "part of it"),
        ("bad-.example", "part of it"),
        ("bad_name.example", "part of it"),
        (f"{'a' * 64}.example", "part of it"),
        (".".join(["a" * 60] * 5), "longer"),
        ("192.0.2.1", "IP"),
        ("straße.example", "xn--"),
        ("xn--99999999999.example", "decoded"),
        ("a。example.org", "another script"),
        ("=cmd.example", "part of it"),
    ],
)
def test_what_is_no_domain_and_why(written: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        domain_of(written)


def test_addresses() -> None:
    assert address_of("@Bob@Bad.example") == "bob@bad.example"
    assert address_of("a.b-c_d@bücher.example") == "a.b-c_d@xn--bcher-kva.example"
    for wrong in ("bob", "bob@", "@bob", "b b@x.example", "=1@x.example", "-a@x.example", "a.@x.example"):
        with pytest.raises(ValueError, match=r"\w"):
            address_of(wrong)
    with pytest.raises(ValueError, match="user name"):
        address_of("bücher@x.example")
    with pytest.raises(ValueError, match="bare"):
        address_of("a@b@x.example")


def test_people_see_the_name_behind_xn() -> None:
    assert shown_domain("xn--bcher-kva.example") == "xn--bcher-kva.example (bücher.example)"
    assert shown_domain("bad.example") == "bad.example"


@given(st.text() | st.from_regex(r"[\w.=+@-]{1,20}@[\w.*-]{1,20}\.\w{1,9}", fullmatch=True))
def test_an_address_is_one_plain_cell(written: str) -> None:
    """Whatever is written: no formula, no quoting, the same when it is read again."""
    try:
        address = address_of(written)
    except ValueError:
        return
    assert re.fullmatch(r"[a-z0-9_][a-z0-9_.-]*@[a-z0-9.-]+", address, re.ASCII)
    assert inert(address) == address
    assert address_of(address) == address
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow([address])
    assert buffer.getvalue() == f"{address}\n"
