"""Everything of a workspace or an account in one file, for its owner: complete by construction, for it is what a leaving deletes."""
