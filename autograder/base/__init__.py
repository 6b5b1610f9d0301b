"""What every folder may use and what uses none of them: text for people, and the limits."""
