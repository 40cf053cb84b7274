"""What this SDK and its peers do under faults, and what it bears for long."""
