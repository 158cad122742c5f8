"""The way from an empty workspace to the first message, step by step, with what to copy."""
