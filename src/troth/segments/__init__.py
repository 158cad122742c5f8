"""The condition language: who, and which events, a campaign is about."""
