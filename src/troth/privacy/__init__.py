"""The rights of the person: export, erasure, scan, certificates, backups that forget."""
