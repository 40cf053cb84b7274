"""What makes and checks the project's own files. None of it is installed."""
