"""Backups that forget: taken sealed, renewed without whoever was erased, restored behind the guard."""
