"""Loss barriers: the line between networks that were trained from different starts."""
