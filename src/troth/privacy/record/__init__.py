"""The record of processing activities (Art. 30 GDPR), derived from purposes, the inventory and the settings; what is missing is told with where it is said."""
