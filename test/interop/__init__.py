"""Tools that programs put around this SDK, each run for real: `tox -e interop`."""
