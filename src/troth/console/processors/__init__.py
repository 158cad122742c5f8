"""The room Processors: the register, proposals with their window, objections, and what each is linked to."""
