"""Forgetting persons: deleted from every store, entered in the ledger, searched for, certified; and forgotten again after a restore."""
