"""What both ways to Amazon SES share, its SMTP and its API: regions, configuration sets, and the tag that comes back with events."""

from __future__ import annotations

import re
from collections.abc import Mapping

from troth.messages.channels.port import Setting
from troth.messages.errors import ChannelUnknown

TAG = "troth_message"
"""Our own id of the message travels as this tag and comes back with events."""
REGION = Setting(name="region", label="Region", help="Such as eu-central-1.")
FURTHER = (
    Setting(
        name="configuration_set",
        label="Configuration set",
        help="The one whose events go to the topic. Empty: the identity's own.",
        required=False,
    ),
    Setting(
        name="topic_arn",
        label="Topic (ARN)",
        help="Of Amazon SNS, with a subscription over HTTPS of this channel's address. Only what comes from it is believed.",
        required=False,
    ),
    Setting(name="sns_url", label="Address of SNS", help="Empty: Amazon's in the region.", required=False),
)
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-[0-9]{1,2}")
_CONFIGURATION_SET = re.compile(r"[A-Za-z0-9_-]{1,64}")


def read_place(settings: Mapping[str, str]) -> tuple[str, str]:
    """The region and the configuration set. Raises ChannelUnknown."""
    region, configuration_set = settings["region"], settings["configuration_set"]
    if not _REGION.fullmatch(region):
        raise ChannelUnknown("The region is one of Amazon's, such as eu-central-1: correct it.")
    if configuration_set and not _CONFIGURATION_SET.fullmatch(configuration_set):
        raise ChannelUnknown("The name of a configuration set has letters, digits, dashes and underscores: correct it.")
    return region, configuration_set


def domain_of(region: str) -> str:
    """Amazon has a domain of its own in China."""
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
