"""Where units run: one engine a file."""
