"""What a student may run: shipped beside a notebook; NumPy and the standard library only."""
