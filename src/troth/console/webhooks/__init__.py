"""The room Webhooks: which systems are told what happens, what became of it, and telling it again."""
