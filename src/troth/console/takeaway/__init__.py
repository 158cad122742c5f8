"""Taking everything of a workspace or an account along, and handing it over to a third party."""
