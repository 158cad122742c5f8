"""Campaigns that a person's behaviour triggers."""
