"""Loss barriers: networks trained from different starts, and the line between them as it is merged."""
