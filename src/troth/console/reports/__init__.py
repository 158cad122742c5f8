"""The room Reports: what became of messages, in figures that add up and tell on nobody."""
