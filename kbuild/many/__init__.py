"""Rendering many folders: one after the other with what they share, in several processes, and finding them."""
