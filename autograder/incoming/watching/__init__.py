"""Hand-ins graded and answered as they come: `autograder watch`."""
