"""The HTTP server: who may come in, what a request means, what it is answered."""
