"""The desk where persons' requests are answered: a case from its receipt to its proof."""
