"""Deleting a workspace, or the account with all its workspaces, for good."""
