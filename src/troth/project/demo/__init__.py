"""The demonstration: an invented product, its people and what they do, and the main job run from end to end."""
