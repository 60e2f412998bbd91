"""Plans, events and change sets to text and JSON. Pure: no clock, no terminal, no values of Secrets."""
