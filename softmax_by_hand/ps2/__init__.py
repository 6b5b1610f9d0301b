"""Problem set 2, backward: from the loss to the gradient of the weights."""
