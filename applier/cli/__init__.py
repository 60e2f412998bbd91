"""The commands `kbuild apply`, `diff`, `status`, `delete` and `inventory`. The one place that prints and handles signals."""
