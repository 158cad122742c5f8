"""The keys of a workspace: which there are, making one, and ending one."""
