"""Messages and their states, sending, channels."""
