"""Persons, their identifiers, attributes, tags and events."""
