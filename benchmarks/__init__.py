"""How fast the SDK is, beside what it replaces: `python -m benchmarks` measures and writes docs/performance.md."""
