"""Flux's commands that set things up: install, bootstrap, check, create, export, delete, uninstall."""
