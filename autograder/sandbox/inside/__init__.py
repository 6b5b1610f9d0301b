"""What runs inside the box: the fork server and the child of one submission.

Only this folder, `wire.py`, `confine.py` and `autograder/catalogue/values.py` are visible
there.  Nothing here is trusted once student code has run.
"""
