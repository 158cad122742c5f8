"""Notices: what people are told before they decide; and the company's own preference page."""
