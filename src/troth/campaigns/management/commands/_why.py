"""What the commands that tell why share: the chain of decisions on a terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec
from django.core.management.base import OutputWrapper

from troth.campaigns.why import Story
from troth.kernel.clock import iso

SIGNS = {True: "+", False: "-", None: " "}


def write_stories(out: OutputWrapper, stories: Sequence[Story], *, as_json: bool) -> None:
    """All of them, in their order."""
    if as_json:
        out.write(json.dumps(msgspec.to_builtins(stories), ensure_ascii=False))
        return
    for story in stories:
        out.write(f"{iso(story.at) if story.at else '–':24}  {story.about}: {story.says}")
        for link in story.links:
            out.write(f"  {SIGNS[link.allow]} {link.what:12} {link.says}")
