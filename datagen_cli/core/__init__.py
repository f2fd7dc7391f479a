"""Types and rules that everything rests on; no I/O but `jsonl` and `store`."""
