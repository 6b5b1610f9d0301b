"""From a learning management system's download to `submitted/`, and what it takes back."""
