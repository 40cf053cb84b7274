"""Third-party clients that must work with the emulator: ``python -m clients`` runs them all."""
