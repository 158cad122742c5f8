"""Home: a workspace at a glance."""
