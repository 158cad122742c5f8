"""Verifying a receipt with nothing but the public key of the installation that made it: no database, no network."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from troth.consent.ledger.commitment import TOLD, record_entry
from troth.consent.ledger.merkle import hash_leaf, inclusion_holds
from troth.consent.ledger.notes import CheckpointInvalid, Head, read_checkpoint
from troth.consent.receipt_shape import describe_decision
from troth.kernel.errors import TrothError
from troth.kernel.json_text import canonical

DECISION, PROOF, SIGNATURE, TEXT = "dpv:hasRecordOfActivity", "troth:proof", "troth:signature", "troth:noticeText"


class ReceiptInvalid(TrothError):
    """Not a receipt, or one that does not fit together."""


@dataclass(frozen=True)
class Verified:
    """What a receipt proves."""

    record_id: int
    head: Head | None
    """The signed state of the ledger that the record stands in; None: it was not yet appended when the receipt was made."""
    leaf: int | None


def signed_part(receipt: Mapping[str, Any]) -> bytes:
    """What the signature of a receipt is over: all of it but itself."""
    return canonical({name: value for name, value in receipt.items() if name != SIGNATURE})


def read_public_key(pem: bytes) -> Ed25519PublicKey:
    """A public key as it is published at `/ledger/key`. Raises ReceiptInvalid."""
    try:
        key = load_pem_public_key(pem)
    except ValueError:
        raise ReceiptInvalid("This is no public key: fetch it from /ledger/key of the installation that made the receipt.") from None
    if not isinstance(key, Ed25519PublicKey):
        raise ReceiptInvalid(
            "The public key is not of the kind Ed25519: fetch it from /ledger/key of the installation that made the receipt."
        )
    return key


def verify_receipt(receipt: Mapping[str, Any], key: Ed25519PublicKey) -> Verified:
    """Check signature, words, commitment and place in the ledger. Raises ReceiptInvalid with what does not fit."""
    try:
        return _verify(receipt, key)
    except (KeyError, TypeError, AttributeError, ValueError, binascii.Error):
        raise ReceiptInvalid("This is not a whole receipt of Troth: give the file exactly as it was given to the person.") from None


def _verify(receipt: Mapping[str, Any], key: Ed25519PublicKey) -> Verified:
    try:
        key.verify(base64.b64decode(receipt[SIGNATURE], validate=True), signed_part(receipt))
    except InvalidSignature:
        raise ReceiptInvalid("The signature does not fit: the receipt was changed, or another installation made it.") from None
    proof = receipt[PROOF]
    committed = proof["committed"]
    if set(committed) != set(TOLD[committed.get("schema", 1)]) or receipt[DECISION] != describe_decision(committed):
        raise ReceiptInvalid("The receipt does not say what the record says that it stands for.")
    if not _is_the_text(receipt[TEXT], committed):
        raise ReceiptInvalid("The text in the receipt is not the one that the record names.")
    if proof["ledger"] is None:
        return Verified(record_id=committed["record_id"], head=None, leaf=None)
    return Verified(record_id=committed["record_id"], head=_find_in_ledger(proof, key), leaf=proof["ledger"]["leaf"])


def _is_the_text(text: str, committed: Mapping[str, Any]) -> bool:
    """By its hash where the record names one; else the record holds the text itself, or there is none."""
    named = committed.get("notice_hash")
    return not text or (sha256(text.encode()).hexdigest() == named if named else committed["evidence"].get("notice") == text)


def _find_in_ledger(proof: Mapping[str, Any], key: Ed25519PublicKey) -> Head:
    place = proof["ledger"]
    try:
        head = read_checkpoint(place["checkpoint"], key)
    except CheckpointInvalid as error:
        raise ReceiptInvalid(f"The checkpoint of the ledger: {error}") from None
    leaf = hash_leaf(record_entry({"schema": 1, **proof["committed"]}, bytes.fromhex(proof["salt"])))
    path = [base64.b64decode(step, validate=True) for step in place["path"]]
    if not inclusion_holds(leaf, place["leaf"], head.size, path, head.root):
        raise ReceiptInvalid("The record does not stand in the ledger where the receipt says: it was changed, or is of another ledger.")
    return head
