"""Segments: whom they hold and why, how they grow, who is left out, and the editor of their conditions."""
