"""Whether code written for squareconnect 2.x runs on this package: the two, side by side.

``python -m compatibility`` gives the same Python expressions to the last 2.x (in an environment of its own) and to
this package, and compares what comes of them. What differs must be in :mod:`compatibility.differences`, from which
the table in ``docs/Migration.md`` is written; what is there must differ.
"""
