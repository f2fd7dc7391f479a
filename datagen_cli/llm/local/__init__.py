"""Local models: Hugging Face weights in this process, our own decoding loop, and the provider around both."""
