"""Work on plain text: words and tokens, folding and exact keys, guarded matching, strict JSON."""
