"""The subcommands of `gmn`, one file each; they import what they need when they are called."""
