"""Why somebody got a message, or did not: the chain of decisions, searched by person and campaign."""
