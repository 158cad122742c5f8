"""Campaigns: written with a preview as a real person, tried, published, paused, and counted."""
