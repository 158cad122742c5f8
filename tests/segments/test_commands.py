"""`troth segment …`, as an operator types it."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.segments.shop import Shop
from troth.segments.registry import VersionUnknown, update_segment

PRO = {"attribute": "plan", "op": "equals", "value": "pro"}


def run(*words: str, **options: Any) -> str:
    out = StringIO()
    call_command(*words, stdout=out, **options)
    return out.getvalue()


def test_segments_are_listed_shown_counted_and_explained(shop: Shop, tmp_path: Path) -> None:
    shop.person("ada", plan="pro")
    shop.person("eve", "marketing_email", plan="pro")
    segment = shop.segment(PRO, name="Pro")
    assert json.loads(run("segment_list", str(shop.pk), json=True))[0]["size"] == 1
    assert "Pro" in run("segment_list", str(shop.pk))
    assert json.loads(run("segment_show", str(shop.pk), "Pro"))["definition"] == PRO
    draft = tmp_path / "draft.json"
    draft.write_text(json.dumps({"not": {"tag": "vip"}}))
    told = run("segment_count", str(shop.pk), str(draft))
    assert told.splitlines() == ["1 of 2 people", "  left out: 1  behavioural_profiling: missing"]
    assert run("segment_why", str(shop.pk), str(segment.pk), "ada").startswith("in the segment since ")
    told = run("segment_why", str(shop.pk), "Pro", "eve")
    assert "may not be chosen for behavioural_profiling: no_consent" in told and "yes plan is “pro”  (“pro”)" in told
    with pytest.raises(CommandError, match="no such segment"):
        run("segment_show", str(shop.pk), "Nonsense")


def test_versions_are_listed_told_in_words_and_taken_up_again(shop: Shop) -> None:
    segment = shop.segment(PRO, name="Pro")
    update_segment(segment, definition={"not": PRO}, author="dana@example.com")
    newest, first = run("segment_versions", str(shop.pk), "Pro").splitlines()
    assert "dana@example.com" in newest and first.split()[0] == "1"
    assert "plan is “pro”" in run("segment_versions", str(shop.pk), "Pro", number=1)
    assert run("segment_restore", str(shop.pk), "Pro", "1") == "Pro: version 3 is as version 1 was\n"
    assert [one["definition"] for one in json.loads(run("segment_versions", str(shop.pk), "Pro", json=True))] == [PRO, {"not": PRO}, PRO]
    with pytest.raises(VersionUnknown):
        run("segment_restore", str(shop.pk), "Pro", "9")
