"""Reports: what became of messages, in figures that add up. Each is one statement over all buckets, within a span of time, and tells on nobody."""
