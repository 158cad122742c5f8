"""Breaches of personal data: the register, its 72-hour clock, whom it touched, and what is said to whom (Art. 33 and 34 GDPR)."""
