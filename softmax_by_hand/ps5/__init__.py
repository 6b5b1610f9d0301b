"""Problem set 5: a hidden layer, its gradients, and a network that bends borders."""
