"""Accounts and workspaces that leave: deleted for good, with everything in them and a certificate (Art. 17, 28(3)(g) GDPR)."""
