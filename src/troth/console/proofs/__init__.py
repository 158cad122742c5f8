"""Proofs: whether erasure is proven day by day, the certificates that were issued, and any of them held against its signature."""
