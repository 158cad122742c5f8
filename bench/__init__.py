"""Benchmarks: what is compared runs side by side, on the same machine, in the same run, so that ratios mean something."""
