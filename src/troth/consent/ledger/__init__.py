"""The consent ledger: a Merkle log per workspace over keyed commitments of records, so that none can be changed or dropped unseen and each can be forgotten."""
