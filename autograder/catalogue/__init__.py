"""What an exercise is, as data, and the plain values that pass between the judge and a function."""
