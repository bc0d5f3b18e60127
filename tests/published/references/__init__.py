"""The code of others, or of ours after their papers, that published networks are compared with."""
