"""The room Newsletters: writing one, saying when it goes out and to whom, and seeing how it goes."""
