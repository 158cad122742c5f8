"""The settings of a workspace: what it is called, how it takes people in, and what becomes of its mail."""
