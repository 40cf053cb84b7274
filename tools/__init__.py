"""Programs that make and check the project's own files. They are not installed."""
