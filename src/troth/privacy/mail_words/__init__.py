"""The words of mail to controllers and to members: one language a file, by the English text; longer ones by a name, whose English is here.

What a language lacks is said in English.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from troth.privacy.mail_words import acts, de, es, fr

CONTEST: Final = (
    "{workspace} processes personal data for {controller}. In our opinion an instruction infringes data protection law,"
    " of which we inform you immediately (Art. 28(3), last subparagraph, GDPR)."
)
FORWARDED: Final = (
    "{workspace} processes personal data for {controller}. A person asked us directly, and it is for you to decide (Art. 28(3)(e) GDPR):"
)
PROCESSOR: Final = "{name} is to process personal data for {workspace} from {day} on (Art. 28(2) GDPR)."
AGREEMENT: Final = (
    "{agreement}: version {number} is published. It counts for your company once an owner who may bind it has accepted it;"
    " until then what was accepted before is shown as not up to date. What changed is marked there:"
)
LEAVING: Final = (
    "{name} is to be deleted for good, with everything in it. From now on its keys open nothing and it sends nothing.\n\n"
    "It begins {at} UTC. Until then any owner can call it off, in the console under Settings, and can take everything along.\n\n"
    "Follow it, and get the certificate when it is done: {place}\n\n"
    "If you did not expect this, call it off, and change your password.\n"
)
LEFT: Final = (
    "It is deleted for good, with everything in it. This certificate says so, signed by this installation; your address is kept no longer.\n"
    "The same until {day}: {place}"
)
LEFT_BUT: Final = (
    "It is deleted for good, with everything in it. This certificate says so, signed by this installation; it says what is not reached yet:"
    " the bytes that PostgreSQL keeps of it are overwritten by the next compaction, which {when}. A later certificate comes by mail after that,"
    " and your address is kept no longer.\nFollowed: {place}"
)
UNDELIVERED: Final = (
    "For 72 hours {host} did not take the news that a request which came over OpenDSR is now “{status}” ({trouble}).\n"
    "Tell the controller another way: it can also ask for the state itself."
)
PROOF: Final = (
    "Every day two made-up persons go through everything, one is erased, and every byte that Troth keeps is searched for both.\n\n"
    "Now: {says}.\n\nThe statement, and what can be done: {place}"
)
GLASS: Final = (
    "Somebody ({role}) said why they need to see persons of {workspace} in clear, and sees them for fifteen minutes."
    " Who and why stands in the audit log."
)
WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {},
    "de": {**acts.de.WORDS, **de.WORDS},
    "fr": {**acts.fr.WORDS, **fr.WORDS},
    "es": {**acts.es.WORDS, **es.WORDS},
}
