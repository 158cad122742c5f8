"""The data inventory (Art. 30 GDPR): what is really stored, counted as it comes in, without any value of it."""
