"""Django's SQLite backend with the settings that erasure and durability need."""
