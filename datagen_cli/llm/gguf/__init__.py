"""Models in GGUF files: where they are, and llama.cpp's server in a child process."""
