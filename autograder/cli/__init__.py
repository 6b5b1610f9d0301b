"""The command line, and what works on this computer."""
