"""The outbox: every message with its state, its body and the decisions that led there."""
