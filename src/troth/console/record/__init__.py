"""The room Record: the record of processing as it is now, what it lacks, and taking it away."""
