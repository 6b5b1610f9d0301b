"""One submission: read, put right, run, judged, and the points of its cells."""
