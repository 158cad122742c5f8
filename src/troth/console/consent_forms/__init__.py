"""The forms that ask for consent: made, looked at, put into other sites, closed."""
