"""Art. 19: each recipient of a person's data is told of its correction, erasure and restriction, and what they answer is kept."""
