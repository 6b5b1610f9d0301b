"""Which test cells are judged outside the student's process, and what they need there.

Works on the text of the instructor's own cells alone; nothing of a student's is read here, so
nothing that a student writes decides how a cell is judged.
"""
