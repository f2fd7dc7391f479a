"""The embedded simulated model: it answers every kind of request from the task as data, and errs on purpose."""
