"""What this SDK and its peers do under faults, and tests of this SDK under a long load."""
