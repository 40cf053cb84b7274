"""Clients that others wrote, which the emulator must satisfy: ``python -m clients`` runs them all."""
