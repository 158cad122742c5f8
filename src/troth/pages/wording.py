"""What the pages say about purposes. What a person was shown is evidence: change `VERSION` with any of these words."""

from __future__ import annotations

from troth.consent.catalog import CLICK_TRACKING, MARKETING_EMAIL, OPEN_TRACKING, PROFILING, PurposeRule

VERSION = "preferences-2026-1"
LANGUAGE = "en"
AGREE = "Yes, I agree"
EXPLANATIONS = {
    MARKETING_EMAIL: "We write to you about news, offers and tips.",
    PROFILING: "We look at what you do with our product to choose which messages you get.",
    OPEN_TRACKING: "We note when you open a mail from us. Without this, we do not know.",
    CLICK_TRACKING: "We note which links in our mail you follow. Without this, we do not know.",
}


def explain(rule: PurposeRule) -> str:
    """One plain sentence about a purpose; empty where the workspace's own name for it has to do."""
    return EXPLANATIONS.get(rule.key, "")


def introduce(sender: str) -> str:
    """What stands above all boxes."""
    return f"{sender} asks you before it does the following. You can change your mind here at any time. Nothing else depends on it."


def notice_of(rule: PurposeRule, sender: str) -> str:
    """All that the page says about one box, word for word, as it is kept with a consent (Art. 7(1))."""
    return "\n".join(part for part in (introduce(sender), rule.name, explain(rule), AGREE) if part)
