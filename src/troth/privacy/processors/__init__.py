"""Processors (Art. 28 GDPR): the register, changes with notice and a time to object, and the gate: what is not effective gets no data."""
