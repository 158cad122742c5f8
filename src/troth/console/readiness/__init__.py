"""The list that a company goes through before it goes live, and the impact assessment."""
