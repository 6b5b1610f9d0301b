"""Problem set 4: batches, regularisation, evaluation, and the way to a real framework."""
