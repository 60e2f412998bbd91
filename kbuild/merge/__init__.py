"""How two bodies become one: strategic merge and JSON patch."""
