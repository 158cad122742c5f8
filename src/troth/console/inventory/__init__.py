"""The room Inventory: what is stored under which names, what uses it, and where that parts from what was declared."""
