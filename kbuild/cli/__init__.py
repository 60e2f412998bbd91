"""The command: flags, help, errors on standard error."""
