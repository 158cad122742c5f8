"""A purpose is called what the workspace calls it; Troth's own names are said in the reader's language."""

from __future__ import annotations

import pytest

from troth.consent.catalog import DEFAULTS, SERVICE, PurposeRule
from troth.consent.purpose_names import NAMES, OURS, name_in, translate_name


@pytest.mark.parametrize("language", sorted(NAMES))
def test_every_purpose_that_troth_makes_has_its_name_in_every_language(language: str) -> None:
    assert set(NAMES[language]) == set(OURS) == {key for key, _name, _basis, _marketing in DEFAULTS}
    for key, name in OURS.items():
        assert translate_name(key, name, language) == NAMES[language][key] != name
        assert translate_name(key, name, "fi") == translate_name(key, name, "en") == name


def test_a_name_that_a_workspace_gave_is_said_as_it_gave_it() -> None:
    assert translate_name(SERVICE, "Deliver shoes", "de") == "Deliver shoes"
    assert translate_name("shoes", OURS[SERVICE], "de") == OURS[SERVICE], "of another purpose it is the workspace's own"
    assert name_in(PurposeRule(SERVICE, OURS[SERVICE], "contract", False), "de-AT") == "Die Leistung erbringen"
