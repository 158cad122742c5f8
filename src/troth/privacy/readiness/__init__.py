"""Whether a company is ready to go live with persons' data: the list it goes through, filled from facts; and its impact assessment (Art. 35 GDPR)."""
