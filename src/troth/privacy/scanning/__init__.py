"""The forensic scanner: values in every byte of files, in every usual encoding, through every usual compression."""
