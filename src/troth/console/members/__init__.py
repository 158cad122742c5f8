"""Who belongs to a workspace: members, their roles, and invitations that are open."""
