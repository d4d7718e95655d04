"""Questions of people: which command answers one, with which options."""
