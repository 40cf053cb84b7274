"""Tools that programs use around this SDK. Each is installed and run: `tox -e interop`."""
