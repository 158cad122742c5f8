"""Identifiers are compared in one normal form: what is the same address or number for people is the same here."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from troth.kernel.ids import BUCKETS
from troth.people.identifiers import (
    ANONYMOUS_ID,
    DEVICE,
    EMAIL,
    EXTERNAL_ID,
    KINDS,
    PHONE,
    fold_email,
    identifier_tag,
    make_handle,
    normalise,
    normalise_email,
    normalise_phone,
)


@pytest.mark.parametrize(
    "spelt",
    [
        "Dana@Example.COM",
        "  dana@example.com ",
        "<dana@example.com>",
        "dana@example.com.",
        "dana@example.com\n",
        "\tdana@example.com\r\n",
        "\u00a0dana@example.com",
        "\uff44ana@example.com",
        "dana\uff20example.com",
    ],
)
def test_an_address_is_one_in_any_spelling(spelt: str) -> None:
    assert normalise_email(spelt) == "dana@example.com"


def test_an_international_domain_is_one_in_both_writings() -> None:
    assert normalise_email("dana@Bücher.example") == normalise_email("dana@xn--bcher-kva.example") == "dana@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "spelt", ["+33612345678", "+33 6 12 34 56 78", "0033 6 12 34 56 78", " +33-6-12-34-56-78 ", "+33 (0)6 12 34 56 78"]
)
def test_a_number_is_one_in_any_spelling(spelt: str) -> None:
    assert normalise_phone(spelt) == "+33612345678"


@pytest.mark.parametrize("spelt", ["", "0612345678", "+", "+1", "call me", "+999999999999999999999", "00", "+33\x0061234"])
def test_what_is_no_international_number_identifies_nobody(spelt: str) -> None:
    assert make_handle(1, PHONE, spelt) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("jane.doe@gmail.com", "j.a.n.e.d.o.e+x@googlemail.com"),
        ("dana+news@example.com", "dana@example.com"),
    ],
)
def test_addresses_of_one_mailbox_fold_to_one(one: str, other: str) -> None:
    assert fold_email(one) == fold_email(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("jane.doe@example.com", "janedoe@example.com"), ("jane@gmail.com", "jane@example.com"), ("a@b.example", "b@a.example")],
)
def test_addresses_of_two_mailboxes_stay_two(one: str, other: str) -> None:
    assert fold_email(one) != fold_email(other)


ADDRESSES = st.builds(lambda local, domain: f"{local}@{domain}", st.text(max_size=20), st.text(max_size=20))


@settings(max_examples=500)
@given(st.one_of(st.text(max_size=80), ADDRESSES), st.sampled_from(KINDS))
def test_the_normal_form_of_a_normal_form_is_itself(value: str, kind: str) -> None:
    once = normalise(kind, value)
    assert normalise(kind, once) == once
    assert fold_email(fold_email(once)) == fold_email(once)


@given(st.text(max_size=80))
def test_ids_are_compared_byte_by_byte(value: str) -> None:
    for kind in (EXTERNAL_ID, ANONYMOUS_ID, DEVICE):
        assert normalise(kind, value) == value


@given(st.text(min_size=1, max_size=40), st.sampled_from(KINDS), st.sampled_from(KINDS), st.integers(1, 5), st.integers(1, 5))
def test_a_tag_tells_kinds_and_workspaces_apart(value: str, kind: str, other_kind: str, workspace: int, other: int) -> None:
    same = identifier_tag(workspace, kind, value) == identifier_tag(other, other_kind, value)
    assert same is ((workspace, kind) == (other, other_kind))


@given(st.text(min_size=1, max_size=40))
def test_a_handle_has_its_place_in_the_cluster(value: str) -> None:
    handle = make_handle(1, EXTERNAL_ID, value)
    assert handle is not None
    assert 0 <= handle.bucket < BUCKETS
    assert len(handle.tag) == 16


def test_an_address_without_letters_identifies_nobody() -> None:
    assert make_handle(1, EMAIL, "  ") is None
