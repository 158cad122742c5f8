"""One HTML file that verifies a receipt for a person, wherever they open it: it asks nobody for anything."""
