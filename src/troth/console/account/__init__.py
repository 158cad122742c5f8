"""Logging in, and what members do to their own account; the flows are django-allauth's, the pages are ours."""
