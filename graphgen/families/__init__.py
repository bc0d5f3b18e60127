"""All exact symmetries of an architecture as values, derived from its axes and operations."""
