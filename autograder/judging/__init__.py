"""A function and an exercise in, a verdict out; and the verdict as a person reads it."""
