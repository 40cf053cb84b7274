"""Check that code written for squareconnect 2.x runs on this package.

``python -m compatibility`` compares the last 2.x, in its own environment, with this package:

- it evaluates the same Python expressions with both: names, calls, random payloads;
- it calls every method of 2.x's 17 API classes on the client of 2.x and on each client of this package. The classes
  come from the copy of 2.x that docs/Migration.md installs next to this package;
- it runs programs similar to published ones on both, against the emulator;
- it runs the unit tests of 2.x on this package.

Each difference must be listed in :mod:`compatibility.differences`, and each difference listed there must be found. The
table in ``docs/Migration.md`` is generated from that list.
"""
