"""How fast the SDK is beside what it replaces, and what bulk work promises in figures."""
