"""Searching every byte for who was erased, and writing down what was found."""
