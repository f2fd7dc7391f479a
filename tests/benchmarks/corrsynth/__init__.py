"""CorrSynth beside FewGen and its control, on a small teacher that is trained here on real news."""
