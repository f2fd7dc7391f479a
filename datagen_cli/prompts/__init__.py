"""From a planned record to messages, and from a reply to records."""
