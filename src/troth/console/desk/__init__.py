"""The privacy desk: requests of persons, from their receipt to their proof."""
