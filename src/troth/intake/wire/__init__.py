"""One wire format a file: each turns the bytes of a request into commands, and outcomes into the answer its clients expect."""
