"""Tags of the pages for persons."""
