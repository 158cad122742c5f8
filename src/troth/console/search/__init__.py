"""Search over everything that a member may see: people, campaigns, pages."""
