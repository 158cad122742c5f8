"""Puts the house together: settings, the ASGI dispatcher, the `troth` command."""
