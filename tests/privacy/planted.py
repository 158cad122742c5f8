"""What is planted of Dana, to be found in an export and nowhere after an erasure."""

from __future__ import annotations

DANA = {
    "external_id": "dana-external-81723",
    "anonymous_id": "dana-anonymous-55102",
    "email": "dana.unique@example.com",
    "phone": "+4915112345678",
    "device": "dana-device-token-9911",
}
SECRET = "dana-secret-attribute"
