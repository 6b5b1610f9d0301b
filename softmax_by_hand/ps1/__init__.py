"""Problem set 1, forward: from data to the loss."""
