"""The exit codes of `gmn`."""

from __future__ import annotations

NO = 1
"""The answer is no, as of `gmn check` where outputs differ."""
MISTAKE = 2
"""Something that was given cannot be used: an option, a file, settings, a full disk."""
MISSING = 3
"""A library is not installed, which the message says how to get."""
NOT_NOW = 4
"""Another process works in the folder, or a server did not answer: try again later."""
DEFECT = 70
"""A defect of `gmn` itself, shown with its traceback."""
STOPPED, BROKEN_PIPE, TERMINATED = 130, 141, 143
"""Ctrl-C, a reader that went away, SIGTERM."""
