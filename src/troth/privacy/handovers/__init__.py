"""Handing over to a third party what somebody may take along: an account's file, or a person's (Art. 15, 20(2) GDPR), with a receipt as evidence."""
