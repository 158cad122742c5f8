"""The daily proof of erasure: two made-up persons go through everything, one is erased, and every byte kept is searched for both."""
