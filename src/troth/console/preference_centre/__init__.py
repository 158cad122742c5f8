"""The preference centre: how the page looks on which people say what they want, and the topics that they choose from."""
