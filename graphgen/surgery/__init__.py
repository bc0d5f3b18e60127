"""Surgery: smaller and wider networks, by the units of `graphgen.units`."""
