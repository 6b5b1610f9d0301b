"""A course: its folder, its settings, its assignments, and what a late hand-in costs."""
