"""What students handed in: which files, read with limits, and which of them is the work."""
