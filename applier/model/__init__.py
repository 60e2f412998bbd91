"""The applier's values: frozen data that crosses between reading, planning, writing and reporting. No I/O, no clock."""
