"""What is done to a record, one stage a file."""
