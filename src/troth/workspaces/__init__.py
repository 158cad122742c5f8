"""Accounts, workspaces, members and their roles, API keys."""
