"""What the offline model is made of: it reads a prompt's fences and writes what a model might have answered."""
