"""Whether code written for squareconnect 2.x runs on this package: the two, side by side.

``python -m compatibility`` compares the last 2.x, in an environment of its own, with this package:

- it evaluates the same Python expressions with both: names, calls, random payloads;
- it calls every method of 2.x's 17 API classes on the client of 2.x and on each client of this package, which gets them
  from 2.x as docs/Migration.md installs it beside this package;
- it runs programs in the manner of published ones on both, against the emulator;
- it runs the unit tests of 2.x on this package.

Each difference must be in :mod:`compatibility.differences`, from which the table in ``docs/Migration.md`` is written;
and each difference listed there must be met.
"""
