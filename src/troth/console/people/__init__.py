"""People: finding them, all about one of them, and their rights."""
