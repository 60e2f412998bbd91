"""The fold from a loaded tree to resources: layers, their plugins, and the state of one render."""
