"""Live: what comes through the machines' doors, as it arrives, and what became of it."""
